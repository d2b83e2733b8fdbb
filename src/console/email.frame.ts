import { type Request, type Response } from 'express';
import { contentSecurity } from '../platform/http/index.js';

/** An email's own HTML: its styles count, its scripts never run, and it reaches nobody. */
const emailPolicy = contentSecurity({
  styleSrc: ["'unsafe-inline'"],
  scriptSrc: ["'none'"],
  connectSrc: ["'none'"],
  frameAncestors: ["'self'"],
  sandbox: [],
});

/** Answers with the HTML of an email, for a frame of one of our pages. */
export function sendEmail(html: string, request: Request, response: Response): void {
  response.removeHeader('Content-Security-Policy');
  emailPolicy(request, response, () => response.type('html').send(html));
}
