import { ZodError, z } from 'zod';
import { AppError, InvalidInputError } from '../shared/errors.js';

/** A line of a file in the templates folder. */
export interface Place {
  file: string;
  line: number;
}

/** A source with its shared pieces in place; `origin` knows where each of its lines came from. */
export interface ExpandedSource {
  text: string;
  origin(line: number): Place;
}

/** The one error of a template that cannot be used: it names template, file, line and reason. */
export function broken(where: Place | string, reason: string, cause?: unknown): InvalidInputError {
  const place = typeof where === 'string' ? where : `${where.file} line ${where.line}`;
  return new InvalidInputError('template-broken', `Template ${place}: ${reason}`, { cause });
}

/** Runs `read` and turns whatever it throws into the one error of a broken template. */
export function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ZodError) throw broken(file, z.prettifyError(error).replace(/\s*\n\s*/g, ' '), error);
    if (error instanceof AppError && error.code === 'template-broken') throw error;
    throw broken(file, (error as Error).message, error);
  }
}

/** As `reading`, for Handlebars, which tells the line. */
export function parsing<T>(source: ExpandedSource, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const { message } = error as Error;
    // Handlebars carries the line on the error, or only in its words ("Parse error on line 3:").
    const line = (error as { lineNumber?: number }).lineNumber ?? Number(/line (\d+)/.exec(message)?.[1] ?? 1);
    throw broken(source.origin(line), message.split('\n').join(' '), error);
  }
}
