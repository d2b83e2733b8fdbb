import { type Request } from 'express';
import { type Config } from '../platform/config/index.js';

/**
 * Scheme, host and port under which people reach the service. Production always configures it: the Host header is
 * whatever the caller wrote there.
 */
export function originOf(request: Request, config: Config): string {
  return config.publicUrl === undefined
    ? `${request.protocol}://${request.get('host') ?? 'localhost'}`
    : new URL(config.publicUrl).origin;
}
