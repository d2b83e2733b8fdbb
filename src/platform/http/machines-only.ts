import { type RequestHandler } from 'express';
import { type Config } from '../config/index.js';
import { HttpProblem } from './http-problem.js';

const FOR_MACHINES = /^\/(?:health\/(?:live|ready)|metrics)\/?$/;

/** A process without the role `web` answers its health and its metrics, and nothing else: no pages, no API. */
export function machinesOnly({ roles }: Config): RequestHandler[] {
  if (roles.includes('web')) return [];
  return [
    (request, _response, next) => {
      next(FOR_MACHINES.test(request.path) ? undefined : new HttpProblem(404, 'not-found', 'There is nothing here.'));
    },
  ];
}
