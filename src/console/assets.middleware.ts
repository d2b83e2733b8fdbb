import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';
import { NHSUK } from './pages.js';

/** Where pages find them. */
const ASSETS = '/assets';

/**
 * Styles, scripts and images of the pages, all from this host. nhsuk-frontend's style sheet asks a third-party host
 * for the Frutiger font; without those rules its own fall-back, Arial, is used at once. It takes a sheet of A4, which is
 * narrower than a tablet, for a phone, and a table of one page would be printed on five.
 */
export function assets(): RequestHandler {
  const folder = join(NHSUK, 'nhsuk');
  const nhsuk = readFileSync(join(folder, 'nhsuk-frontend.min.css'), 'utf8')
    .replace(/@font-face\s*\{[^}]*\}/g, '')
    .replaceAll('@media (min-width:48.0625em)', '@media print,(min-width:48.0625em)')
    .replaceAll('@media (max-width:48.0525em)', '@media screen and (max-width:48.0525em)');
  const own = readFileSync(join(import.meta.dirname, 'views', 'console.css'), 'utf8');
  const script = readFileSync(join(folder, 'nhsuk-frontend.min.js'), 'utf8');
  const start = readFileSync(join(import.meta.dirname, 'views', 'console.js'), 'utf8');
  const router = Router();
  for (const [path, type, text] of [
    ['/nhsuk.css', 'text/css', nhsuk],
    ['/console.css', 'text/css', own],
    ['/nhsuk-frontend.js', 'text/javascript', script],
    ['/console.js', 'text/javascript', start],
  ] as const) {
    const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
    router.get(path, (request, response) => {
      response.set({ 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'public, max-age=3600', ETag: etag });
      if (request.headers['if-none-match'] === etag) response.status(304).end();
      else response.send(text);
    });
  }
  router.use(express.static(join(folder, 'assets'), { maxAge: '1d', fallthrough: false, index: false }));
  return (request, response, next) => {
    // Whoever mounts this has taken the whole path as its prefix.
    request.url = request.originalUrl.slice(ASSETS.length);
    router(request, response, next);
  };
}
