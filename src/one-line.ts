import { AppError } from './shared/errors.js';

/** One line for the terminal. Expected errors explain themselves; others name their kind and where to look. */
export function oneLine(error: unknown): string {
  if (error instanceof AppError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return 'The port is taken: set PORT to another one, or stop the service that listens there';
  // 53100 is PostgreSQL's disk_full.
  if (code === 'ENOSPC' || code === '53100') return 'The disk is full';
  return `Unexpected fault${code === undefined ? '' : ` (${code})`}: ${message.split('\n')[0] ?? ''}`;
}
