import { type LoggerService } from '@nestjs/common';
import { AppError } from '../../shared/errors.js';
import { destination, type Logger as Pino, pino } from 'pino';

/** Nest tells of every module and route at each start: for whoever debugs, not for an operator's log. */
const FRAMEWORK_CHATTER = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/**
 * Nest's logger on pino: JSON lines on standard error, as standard output belongs to commands with `--json`.
 * Callers log ids and states, never people; what slips through in known fields is redacted all the same.
 */
export class PinoLogger implements LoggerService {
  private readonly pino: Pino;

  constructor(level: string) {
    this.pino = pino(
      {
        level,
        base: undefined,
        timestamp: pino.stdTimeFunctions.isoTime,
        redact: {
          paths: ['address', 'email', 'to', 'name', 'body', '*.address', '*.email', '*.to', '*.name', '*.body'],
          censor: '[redacted]',
        },
      },
      destination({ fd: 2, sync: true }),
    );
  }

  log(message: unknown, ...rest: unknown[]): void {
    const level = FRAMEWORK_CHATTER.has(String(rest.at(-1))) ? 'debug' : 'info';
    this.write(level, message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    // What Nest says of a start that fails is told again, in one line, by whoever started it: a port that is taken, or
    // an error of ours.
    const context = rest.at(-1);
    const foreseen = context === 'NestApplication' || (context === 'ExceptionHandler' && message instanceof AppError);
    this.write(foreseen ? 'debug' : 'error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest passes the context last and, for errors, the stack before it. */
  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
    const stack = rest.length > 1 && typeof rest[0] === 'string' ? rest[0] : undefined;
    const fields = { ...(context !== undefined && { context }), ...(stack !== undefined && { stack }) };
    if (message instanceof Error)
      this.pino[level]({ ...fields, code: codeOf(message), stack: message.stack }, message.message);
    else if (typeof message === 'object' && message !== null) this.pino[level]({ ...fields, ...message });
    else this.pino[level](fields, String(message));
  }
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
