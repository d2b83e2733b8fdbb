import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const servers = globalThis.__servers;
  if (!servers) return;
  delete globalThis.__servers;
  await servers.stop();
  await rm(servers.dataDir, { recursive: true, force: true });
}
