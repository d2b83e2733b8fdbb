/**
 * An error that the service expected and can explain. `code` is stable and in kebab case: the API puts it into the
 * problem document, the CLI into its one line. `message` names the file, row, setting or id, says what was expected,
 * and never holds an address, a name or a body.
 */
export class AppError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options: { cause?: unknown } = {},
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The input cannot be accepted as it is (HTTP 400, CLI exit 2). */
export class InvalidInputError extends AppError {}

/** No such thing, or none that the caller may see (HTTP 404). */
export class NotFoundError extends AppError {}

/** The thing exists but its state does not allow this now (HTTP 409). */
export class ConflictError extends AppError {}

/** The caller is known and may not do this (HTTP 403). */
export class ForbiddenError extends AppError {}

/** A part the service depends on does not answer (HTTP 503); trying again later may help. */
export class UnavailableError extends AppError {}
