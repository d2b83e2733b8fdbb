export { PinoLogger } from './logger.js';
