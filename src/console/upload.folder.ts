import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Request } from 'express';
import { finalize, type Observable } from 'rxjs';
import { safeName } from './upload.store.js';

const FOLDER = Symbol('upload folder');
type UploadRequest = Request & { [FOLDER]?: string };

/**
 * Where an upload lies while its request is worked on: a folder that only this user may enter, and that goes with the
 * answer, whatever that is. The files hold personal data. Stands in front of the interceptor that reads the upload.
 */
@Injectable()
export class UploadFolder implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const folder = await mkdtemp(join(tmpdir(), 'cqrs-upload-'));
    context.switchToHttp().getRequest<UploadRequest>()[FOLDER] = folder;
    return next.handle().pipe(finalize(() => void rm(folder, { recursive: true, force: true })));
  }
}

/** Under its own name, as reports give it. Multer's own storage leaves what it has read where it is, for whoever may read the folder. */
export const uploadStorage = {
  _handleFile(
    request: UploadRequest,
    { stream, originalname }: { readonly stream: Readable; readonly originalname: string },
    done: (error: unknown, stored?: { readonly path: string }) => void,
  ): void {
    const path = join(request[FOLDER] ?? '', safeName(originalname));
    pipeline(stream, createWriteStream(path, { flags: 'wx', mode: 0o600 })).then(
      () => {
        done(null, { path });
      },
      (error: unknown) => {
        done(error);
      },
    );
  },

  /** Of a request that is refused half-way: the folder goes anyway. */
  _removeFile(_request: UploadRequest, _file: unknown, done: (error: null) => void): void {
    done(null);
  },
};
