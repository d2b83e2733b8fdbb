import { createHash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  applyDecorators,
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  mixin,
  type NestInterceptor,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import { type Request } from 'express';
import { finalize, type Observable } from 'rxjs';
import { HttpProblem } from '../http/index.js';

/** A body that was received as a file. It is deleted when the request is answered. */
export class ReceivedFile {
  constructor(
    readonly path: string,
    readonly bytes: number,
    /** Of the content, in hex. */
    readonly sha256: string,
  ) {}

  /** What an idempotency key is bound to: the content, wherever it lies. */
  toJSON(): { readonly bytes: number; readonly sha256: string } {
    return { bytes: this.bytes, sha256: this.sha256 };
  }
}

interface FileBody {
  /** Content types that are read, and the suffix that the file gets for each: readers of tables go by it. */
  readonly types: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly description: string;
}

/**
 * For a route whose body is one file: it is streamed to disk, bounded, after the guards have let the request in.
 * Stands below `@Idempotent()`, which then covers the content.
 */
export const ReceivesFile = (body: FileBody): MethodDecorator =>
  applyDecorators(
    UseInterceptors(fileInterceptor(body)),
    ApiConsumes(...Object.keys(body.types)),
    ApiBody({
      schema: { type: 'string', format: 'binary', minLength: 1 },
      description: body.description,
      required: true,
    }),
  );

/** Handler parameter: the file that `@ReceivesFile` has stored. */
export const FileFromBody = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown => context.switchToHttp().getRequest<Request>().body,
);

function fileInterceptor({ types, maxBytes }: FileBody): Type<NestInterceptor> {
  class FileInterceptor implements NestInterceptor {
    async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      const request = context.switchToHttp().getRequest<Request>();
      const type = request.is(Object.keys(types));
      const suffix = typeof type === 'string' ? types[type] : undefined;
      if (suffix === undefined) {
        throw new HttpProblem(415, 'unsupported-media-type', `Send the file as ${Object.keys(types).join(' or ')}.`);
      }
      if (!/^(?:identity)?$/i.test(request.get('Content-Encoding') ?? '')) {
        throw new HttpProblem(415, 'unsupported-media-type', 'Send the file as it is, without a Content-Encoding.');
      }
      const folder = await mkdtemp(join(tmpdir(), 'cqrs-comms-'));
      const remove = () => rm(folder, { recursive: true, force: true });
      try {
        // Reports name the file as `upload`: what the sender called it is not known.
        request.body = await receive(request, join(folder, `upload${suffix}`), maxBytes);
      } catch (error) {
        await remove();
        throw error;
      }
      return next.handle().pipe(finalize(() => void remove()));
    }
  }
  return mixin(FileInterceptor);
}

async function receive(request: Request, path: string, maxBytes: number): Promise<ReceivedFile> {
  // Refused before a byte is read where the sender says how long the body is.
  if (Number(request.get('Content-Length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    // Left open when refused half-way: destroying the request would take the connection away before the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      hash.update(chunk);
      await file.write(chunk);
    }
  } finally {
    await file.close();
  }
  if (bytes === 0) throw new HttpProblem(400, 'body-empty', 'Send the file as the body of the request.');
  return new ReceivedFile(path, bytes, hash.digest('hex'));
}

function tooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(413, 'body-too-large', `The file is larger than ${maxBytes / 1_048_576} MiB.`);
}
