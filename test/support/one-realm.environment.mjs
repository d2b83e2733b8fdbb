import { ModuleMocker } from 'jest-mock';

/**
 * Runs specs in the realm of the process itself: what packages hold, which are loaded once for a worker (see
 * `one-realm.runtime.mjs`), and what specs hold is then of the same Error, Date and Array.
 */
export default class OneRealmEnvironment {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  // No spec fakes timers: time comes from a Clock.
  fakeTimers = null;
  fakeTimersModern = null;
  #console = console;
  #exit = process.exit;

  constructor() {
    Error.stackTraceLimit = 100;
  }

  async setup() {}

  /** Undoes what Jest changes in the process for one spec file. */
  async teardown() {
    globalThis.console = this.#console;
    process.exit = this.#exit;
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  /** Unused: `OneRealmRuntime` compiles for this realm. */
  getVmContext() {
    return {};
  }
}
