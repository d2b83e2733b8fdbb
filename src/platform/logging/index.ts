export { PinoLogger } from './logger.js';
export { TroubleLog } from './trouble.log.js';
