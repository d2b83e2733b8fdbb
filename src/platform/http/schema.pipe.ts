import { type ArgumentMetadata, Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import { UnreadBody } from './body-parsers.js';
import { type FieldError, HttpProblem } from './http-problem.js';
import { unstorableText } from './unstorable-text.js';

const PARTS = { body: 'body', query: 'query', param: 'path', custom: 'query' } as const;
const MOST_ERRORS = 100;

type Issue = { readonly message: string; readonly path?: readonly unknown[] | undefined; readonly keys?: unknown };

/**
 * Validates a body, query or parameter against the zod schema of its decorator, and names each field that is wrong.
 * Nest's own pipe would tell neither the part of the request nor the name of a single parameter.
 */
@Injectable()
export class SchemaPipe extends StandardSchemaValidationPipe {
  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    if (!metadata.schema) return value;
    if (value instanceof UnreadBody) {
      throw new HttpProblem(415, 'unsupported-media-type', 'Send application/json: no file is expected here.');
    }
    this.stripProtoKeys(value);
    const start = metadata.data === undefined ? [] : [metadata.data];
    const unstorable = unstorableText(value, start);
    if (unstorable) throw refused(metadata, [{ path: unstorable, message: 'Holds a character that text cannot have' }]);
    const result = await this.validate<T>(value, metadata.schema);
    if (!result.issues) return result.value;
    const issues = (result.issues as readonly Issue[]).flatMap(byKey);
    throw refused(
      metadata,
      issues.map((issue) => ({ ...issue, path: [...start, ...(issue.path ?? [])] })),
    );
  }
}

function refused({ type }: ArgumentMetadata, issues: readonly Issue[]): HttpProblem {
  const errors = issues.slice(0, MOST_ERRORS).map(({ path = [], message }): FieldError => ({
    in: PARTS[type],
    field: path.map((step) => String(step).slice(0, 100)).join('.'),
    message: message.slice(0, 500),
  }));
  const fields = errors.map(({ field }) => field).filter(Boolean);
  const detail =
    fields.length > 0 ? `Not as expected: ${[...new Set(fields)].slice(0, 10).join(', ')}.` : 'Not as expected.';
  return new HttpProblem(400, 'invalid-input', detail, { errors });
}

/** Zod reports unknown fields together, at the object; the caller wants each of them by its name. */
function byKey(issue: Issue): Issue[] {
  if (!Array.isArray(issue.keys)) return [issue];
  return issue.keys.map((key) => ({ path: [...(issue.path ?? []), key], message: 'There is no such field' }));
}
