import { Injectable } from '@nestjs/common';

/** Throws when the part is not usable. */
export type ReadinessCheck = () => Promise<void>;

/** What must hold before this process takes work. Modules add their own checks while the application starts. */
@Injectable()
export class ReadinessChecks {
  private readonly checks = new Map<string, ReadinessCheck>();

  /** `name` is shown to everybody who asks for /health/ready; why a check failed is only logged. */
  add(name: string, check: ReadinessCheck): void {
    if (this.checks.has(name)) throw new Error(`The readiness check ${name} was added twice`);
    this.checks.set(name, check);
  }

  all(): readonly (readonly [string, ReadinessCheck])[] {
    return [...this.checks];
  }
}
