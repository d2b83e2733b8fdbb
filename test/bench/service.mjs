// The real service, through its own composition root, in folders that vanish with the bench.
import 'reflect-metadata';
import { join } from 'node:path';
import { loadConfig } from '../../dist/platform/config/index.js';
import { PinoLogger } from '../../dist/platform/logging/index.js';
import { createContext } from '../../dist/start.js';
import { ImportService } from '../../dist/directory/index.js';
import { ROOT } from './harness.mjs';

export const FIXTURES = join(ROOT, 'test', 'fixtures');
export const ACTOR = 'system:bench';

/**
 * @param {{dataDir: string, roles?: string[], settings?: Record<string, string>, clock?: object}} options `settings` are
 *   environment variables; nothing of this process's own environment counts
 */
export async function startService({ dataDir, roles = [], settings = {}, clock }) {
  const config = { ...loadConfig({ DATA_DIR: dataDir, LOG_LEVEL: 'error', TRIAL_MODE: 'off', ...settings }), roles };
  const running = await createContext({ config, logger: new PinoLogger(config.logLevel), ...(clock && { clock }) });
  return { get: (token) => running.app.get(token, { strict: false }), stop: () => running.stop() };
}

/** A data folder with the ODS extract and the invented people that ship with the tests. */
export async function withDemo(cleanUp) {
  const dataDir = await cleanUp.folder('demo');
  const service = await startService({ dataDir });
  const imports = service.get(ImportService);
  const request = { actor: ACTOR };
  const people = join(FIXTURES, 'demo');
  try {
    applied(await imports.importOrganisations([join(FIXTURES, 'ods')], request));
    applied(await imports.importAccounts(join(people, 'accounts.csv'), request));
    applied(await imports.importNhsmail(join(people, 'nhsmail.csv'), request));
    applied(await imports.importNoNhsmail(join(people, 'no-nhsmail.csv'), request));
  } finally {
    await service.stop();
  }
  return dataDir;
}

/** @throws when the file was refused. */
export function applied(report) {
  if (!report.applied)
    throw new Error(`The ${report.kind} file was refused: ${JSON.stringify(report.faults.slice(0, 3))}`);
  return report;
}

/** By a one-time link, as whoever started the service does. @returns the cookie header of the session */
export async function signIn(address, link) {
  const token = new URL(link, address).searchParams.get('token');
  const response = await fetch(`${address}/sign-in/once`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: address },
    body: new URLSearchParams({ token }),
    redirect: 'manual',
  });
  const cookie = response.headers.getSetCookie().map((text) => text.split(';')[0]);
  if (response.status !== 303) throw new Error(`Signing in answered ${response.status}`);
  return cookie.join('; ');
}
