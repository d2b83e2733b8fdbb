import { type z } from 'zod';

/** A body that was checked with `schema`, as JSON again: for services that read their input with it themselves. */
export function wireForm<S extends z.ZodType>(_schema: S, checked: z.output<S>): z.input<S> {
  return JSON.parse(JSON.stringify(checked)) as z.input<S>;
}
