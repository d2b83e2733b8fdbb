import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError } from '../shared/errors.js';

export const SOURCE_FILES = {
  subject: 'subject.hbs',
  body: 'body.mjml.hbs',
  text: 'body.txt.hbs',
  sample: 'sample.json',
  declaration: 'template.yaml',
} as const;
export type SourceFile = keyof typeof SOURCE_FILES;

/** Everything a template is made of, as it lies on disk. */
export interface TemplateSources extends Record<SourceFile, string> {
  name: string;
  shared: SharedSources;
  /** Other files in the folder by name: what may be attached. */
  files: ReadonlyMap<string, Buffer>;
}

/** What templates share: pieces by their file names, and the placeholders that all of them know. */
export interface SharedSources {
  pieces: ReadonlyMap<string, string>;
  vocabulary: string;
}

/** @throws InvalidInputError `template-broken` when the folder or a file is missing. */
export async function readSharedSources(folder: string): Promise<SharedSources> {
  const names = (await list(folder)).filter((name) => name.endsWith('.hbs'));
  const texts = await Promise.all(names.map((name) => readText(folder, name)));
  return {
    pieces: new Map(names.map((name, i) => [name, texts[i] ?? ''])),
    vocabulary: await readText(folder, 'placeholders.yaml'),
  };
}

/** @throws InvalidInputError `template-broken` when a file is missing. */
export async function readTemplateSources(
  folder: string,
  name: string,
  shared: SharedSources,
): Promise<TemplateSources> {
  const own = new Set<string>(Object.values(SOURCE_FILES));
  const others = (await list(folder)).filter((file) => !own.has(file));
  const [subject, body, text, sample, declaration, ...contents] = await Promise.all([
    readText(folder, SOURCE_FILES.subject),
    readText(folder, SOURCE_FILES.body),
    readText(folder, SOURCE_FILES.text),
    readText(folder, SOURCE_FILES.sample),
    readText(folder, SOURCE_FILES.declaration),
    ...others.map((file) => read(folder, file)),
  ]);
  const files = new Map(others.map((file, i) => [file, contents[i] ?? Buffer.alloc(0)]));
  return { name, shared, subject, body, text, sample, declaration, files };
}

async function readText(folder: string, file: string): Promise<string> {
  return (await read(folder, file)).toString('utf8').replace(/\r\n/g, '\n');
}

async function read(folder: string, file: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, file));
  } catch (cause) {
    throw new InvalidInputError('template-broken', `Cannot read ${join(folder, file)}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  } catch (cause) {
    throw new InvalidInputError('template-broken', `Cannot read the folder ${folder}: ${(cause as Error).message}`, {
      cause,
    });
  }
}
