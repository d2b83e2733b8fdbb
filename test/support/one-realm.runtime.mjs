import { createRequire, isBuiltin } from 'node:module';
import { compileFunction } from 'node:vm';
import Runtime from 'jest-runtime';

/**
 * Loads packages as Node does, and so once for a worker instead of once for each spec file: the whole application needs
 * 2,500 of their files, which take two seconds of a core. Our own modules each spec file still has afresh.
 */
export default class OneRealmRuntime extends Runtime {
  constructor(...settings) {
    super(...settings);
    const { executor } = this;
    executor.compile = (source, filename) => compileFunction(source, executor.injectedModuleParameters, { filename });
  }

  requireModule(from, name, options, isActual) {
    const isPackage = name && !/^[./]/.test(name) && !isBuiltin(name) && !options?.isInternalModule;
    return isPackage ? createRequire(from)(name) : super.requireModule(from, name, options, isActual);
  }
}
