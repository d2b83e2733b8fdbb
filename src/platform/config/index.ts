export { loadConfig, publicUrlOf, ROLES, SETTINGS, type Config, type OidcConfig, type Role } from './config.js';
export { dataFolderFault, folderFault, makeFolder, secretIn } from './data-folder.js';
export { PROJECT_ROOT } from './project-root.js';
export { ConfigModule } from './config.module.js';
export { CONFIG, InjectConfig } from './tokens.js';
export {
  isCaptured,
  type MailLimits,
  mailLimitsOf,
  mailTransportsOf,
  type TransportConfig,
} from './mail-transports.js';
