export { apiDocument } from './api-document.js';
export { IfMatch, setEtag } from './etag.js';
export { Idempotent } from './idempotent.js';
export { ApiProblems } from './problem.schema.js';
export { FileFromBody, ReceivedFile, ReceivesFile } from './received-file.js';
