/** Ends an exhaustive switch: the compiler complains when a case is missing, and so does the program. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`);
}
