// swc compiles what is ours to CommonJS for Jest: under --experimental-vm-modules every CommonJS package that
// requires NestJS 12 (throttler, bull-board) fails with "Must use import to load ES Module".
const parser = { syntax: 'typescript', decorators: true, dynamicImport: true };
const ours = {
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'commonjs', ignoreDynamic: false },
  jsc: {
    target: 'es2022',
    keepClassNames: true,
    parser,
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
};
const plain = {
  swcrc: false,
  module: { type: 'commonjs', ignoreDynamic: false },
  jsc: { target: 'es2022', parser: { syntax: 'ecmascript' } },
};
const common = {
  testEnvironment: '<rootDir>/test/support/one-realm.environment.mjs',
  runtime: '<rootDir>/test/support/one-realm.runtime.mjs',
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', ours], 'test/bench/.+\\.mjs$': ['@swc/jest', plain] },
};
const servers = {
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};
export default {
  maxWorkers: 2,
  // Something of each spec file that loads the application stays, 10 to 20 MB. Where there are 4 GB of memory Node gives
  // a process 1 GB: before that is full another one goes on.
  workerIdleMemoryLimit: '700MB',
  // What hangs fails by this; a machine that is busy with other things took 70 s for what takes 15.
  testTimeout: 180_000,
  ...servers,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    { ...common, ...servers, displayName: 'integration', testMatch: ['<rootDir>/test/integration/**/*.spec.ts'] },
    { ...common, ...servers, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'] },
    { ...common, ...servers, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.spec.ts'] },
  ],
};
