export { type Attachment, CompiledTemplate, type EncodedMessage, type RenderedMessage } from './compiled.template.js';
export { type MessageValues, messageValuesSchema } from './message.values.js';
export type { Placeholder, ScalarType, TemplateValues, ValueProblem } from './placeholder.rules.js';
export { DEFAULT_TEMPLATES_DIR, RenderingModule } from './rendering.module.js';
export { TemplateCatalogue, TEMPLATES_DIR } from './template.catalogue.js';
export type { TemplateAudience, TemplateKind } from './template.declaration.js';
