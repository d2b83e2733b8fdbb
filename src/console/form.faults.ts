import { type z } from 'zod';
import { isDatabaseTrouble } from '../platform/database/index.js';
import { AppError } from '../shared/errors.js';

/** What is wrong with a form, as the NHS error summary lists it: each fault links to its field. */
export interface FormFaults {
  readonly list: readonly { readonly text: string; readonly href: string }[];
  /** The message under each field, by the name of the field. */
  readonly fields: Readonly<Record<string, { readonly text: string }>>;
}

/** `field`: its name, or nothing for the whole page. */
export interface Fault {
  readonly field: string;
  readonly message: string;
}

export const NO_FAULTS: FormFaults = { list: [], fields: {} };

export function faultsOf(faults: readonly Fault[]): FormFaults {
  const first = new Map<string, string>();
  for (const { field, message } of faults) if (!first.has(field)) first.set(field, message);
  return {
    list: [...first].map(([field, text]) => ({ text, href: `#${field === '' ? 'maincontent' : field}` })),
    fields: Object.fromEntries([...first].map(([field, text]) => [field, { text }])),
  };
}

/** The faults that a schema found, each under the first part of its path. */
export function faultsOfZod(error: z.ZodError): FormFaults {
  return faultsOf(error.issues.map(({ path, message }) => ({ field: String(path[0] ?? ''), message })));
}

/** What a service refused, as faults of the whole page. Anything that was not expected is thrown on. */
export async function refusalOf(work: () => Promise<unknown>): Promise<FormFaults | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return refusal(error);
  }
}

export function refusal(error: unknown, field = ''): FormFaults {
  if (!(error instanceof AppError) || isDatabaseTrouble(error)) throw error;
  return faultsOf([{ field, message: withoutIds(error.message) }]);
}

/** Messages name things by id for logs and programs; whoever reads a page knows which thing it is about. */
function withoutIds(message: string): string {
  return message.replace(
    /\b([A-Z][a-z ]+) [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g,
    (_, noun: string) => `This ${noun.toLowerCase()}`,
  );
}
