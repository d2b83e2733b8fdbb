import helmet, { type HelmetOptions } from 'helmet';
import { type RequestHandler } from 'express';
import { type Config } from '../config/index.js';

type Directives = Exclude<
  Exclude<HelmetOptions['contentSecurityPolicy'], boolean | undefined>['directives'],
  undefined
>;

const DIRECTIVES: Directives = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  // The design system's pages name one, for those who put the page on their home screen.
  manifestSrc: ["'self'"],
  // A preview of an email is a page of ours in a sandboxed frame.
  frameSrc: ["'self'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
};

/** Headers of every answer: nothing from third parties, no inline script or style, no framing, no caching. */
export function securityHeaders(config: Config): RequestHandler[] {
  const https = config.publicUrl?.startsWith('https:') ?? false;
  return [
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: DIRECTIVES },
      // On plain http the header is ignored by browsers and only misleads.
      strictTransportSecurity: https && { maxAge: 31_536_000, includeSubDomains: false },
    }),
    (_request, response, next) => {
      response.setHeader('Cache-Control', 'no-store');
      next();
    },
  ];
}

/**
 * Another content security policy for the pages under one path, given as differences to the usual one; for pages that
 * are not ours to write (API explorer, queue board) and for an email's own HTML. Mount with `app.use(path, …)`.
 */
export function contentSecurity(differences: Directives): RequestHandler {
  return helmet.contentSecurityPolicy({ useDefaults: false, directives: { ...DIRECTIVES, ...differences } });
}
