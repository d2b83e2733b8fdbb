import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { folderFault } from '../platform/config/index.js';
import { InvalidInputError, NotFoundError } from '../shared/errors.js';
import type { CompiledTemplate } from './compiled.template.js';
import { compileTemplate } from './template.compiler.js';
import { readSharedSources, readTemplateSources } from './template.sources.js';

/** DI token: the folder that holds one folder for each template, and `partials`. */
export const TEMPLATES_DIR = Symbol('TEMPLATES_DIR');

/** `templates/` of the project, from src/rendering as well as from dist/rendering. */
export const DEFAULT_TEMPLATES_DIR = join(import.meta.dirname, '..', '..', 'templates');

/** In that folder, what templates share. */
export const SHARED_FOLDER = 'partials';

/** All templates of the service, read and compiled once when the module starts. */
@Injectable()
export class TemplateCatalogue implements OnModuleInit {
  private readonly templates = new Map<string, CompiledTemplate>();

  constructor(@Inject(TEMPLATES_DIR) private readonly folder: string) {}

  async onModuleInit(): Promise<void> {
    await this.load();
  }

  /**
   * @throws InvalidInputError `templates-dir-unusable`; `template-broken` naming template, file, line: one broken
   * template stops the start.
   */
  async load(): Promise<void> {
    const folders = await this.folders();
    const shared = await readSharedSources(join(this.folder, SHARED_FOLDER));
    const names = folders.filter((name) => name !== SHARED_FOLDER);
    if (names.length === 0) throw new InvalidInputError('template-broken', `There is no template in ${this.folder}`);
    // One after the other: several broken templates then always name the same one first.
    for (const name of names.sort()) {
      const sources = await readTemplateSources(join(this.folder, name), name, shared);
      this.templates.set(name, await compileTemplate(sources));
    }
  }

  private async folders(): Promise<string[]> {
    const entries = await readdir(this.folder, { withFileTypes: true }).catch((error: unknown) => {
      throw this.unusable(folderFault(error), error);
    });
    if (!entries.some(({ name }) => name === SHARED_FOLDER)) throw this.unusable(`it has no folder ${SHARED_FOLDER}`);
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  private unusable(why: string, cause?: unknown): InvalidInputError {
    const expected = `expected a folder with one for each template and one named ${SHARED_FOLDER}`;
    return new InvalidInputError('templates-dir-unusable', `TEMPLATES_DIR: ${expected}. ${this.folder}: ${why}`, {
      cause,
    });
  }

  /** In alphabetical order. */
  names(): string[] {
    return [...this.templates.keys()];
  }

  /** @throws NotFoundError `no-such-template` */
  get(name: string): CompiledTemplate {
    const template = this.templates.get(name);
    if (template) return template;
    throw new NotFoundError('no-such-template', `There is no template ${name}; there are: ${this.names().join(', ')}`);
  }
}
