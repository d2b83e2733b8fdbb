import { z } from 'zod';

/** A query parameter that is `true` or `false`, and says so in the API's description. */
export function queryFlag() {
  return z.stringbool({ truthy: ['true'], falsy: ['false'] }).meta({ enum: ['true', 'false'] });
}
