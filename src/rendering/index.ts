export {
  type Attachment,
  CompiledTemplate,
  type EncodedMessage,
  type MessageEncoder,
  type RenderedMessage,
} from './compiled.template.js';
export type { LintWindow } from './lint.dates.js';
export { lintFile } from './lint.file.js';
export type { LintFinding, LintRule } from './lint.finding.js';
export type { MessageValues } from './message.values.js';
export type { Placeholder, ScalarType, TemplateValues, ValueProblem } from './placeholder.rules.js';
export { RenderingModule } from './rendering.module.js';
export { DEFAULT_TEMPLATES_DIR, TemplateCatalogue, TEMPLATES_DIR } from './template.catalogue.js';
export type { TemplateAudience, TemplateKind } from './template.declaration.js';
