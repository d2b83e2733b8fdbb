import { Injectable } from '@nestjs/common';

export type ReadinessDetails = Readonly<Record<string, string | number>>;

/** Throws when the part is not usable. What it answers is shown beside its name: no host, no address, no reason. */
export type ReadinessCheck = () => Promise<ReadinessDetails | undefined>;

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
