export { Tick } from './tick.js';
