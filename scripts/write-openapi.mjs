// Writes openapi.json from the code: node scripts/write-openapi.mjs. Needs a build, and no database.
import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeApi } from '../dist/openapi.js';

writeFileSync(join(import.meta.dirname, '..', 'openapi.json'), await describeApi());
