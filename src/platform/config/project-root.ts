import { resolve } from 'node:path';

/** The project's root folder, from source (src/platform/config) and from the build (dist/platform/config) alike. */
export const PROJECT_ROOT = resolve(import.meta.dirname, '..', '..', '..');
