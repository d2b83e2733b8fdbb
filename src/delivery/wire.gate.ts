interface Waiting {
  readonly domain: string;
  readonly enter: () => void;
}

/** Lets so many in at once, and so many of them to one domain; the others wait in line, but for who may overtake. */
export class WireGate {
  private readonly line: Waiting[] = [];
  private readonly inside = new Map<string, number>();

  /** `domains`: messages at once to a domain in lower case, `*` to any that is not listed; no entry, no limit. */
  constructor(
    private free: number,
    private readonly domains: ReadonlyMap<string, number> = new Map(),
  ) {}

  async pass<T>(address: string, work: () => Promise<T>): Promise<T> {
    const domain = this.domains.size === 0 ? '' : address.slice(address.lastIndexOf('@') + 1).toLowerCase();
    if (this.free > 0 && this.hasRoom(domain)) this.count(domain, 1);
    else await new Promise<void>((enter) => this.line.push({ domain, enter }));
    try {
      return await work();
    } finally {
      this.count(domain, -1);
      this.letIn();
    }
  }

  private letIn(): void {
    while (this.free > 0) {
      const at = this.line.findIndex(({ domain }) => this.hasRoom(domain));
      const [next] = at < 0 ? [] : this.line.splice(at, 1);
      if (!next) return;
      this.count(next.domain, 1);
      next.enter();
    }
  }

  private count(domain: string, step: 1 | -1): void {
    this.free -= step;
    if (this.domains.size === 0) return;
    const inside = (this.inside.get(domain) ?? 0) + step;
    if (inside === 0) this.inside.delete(domain);
    else this.inside.set(domain, inside);
  }

  private hasRoom(domain: string): boolean {
    if (this.domains.size === 0) return true;
    return (this.inside.get(domain) ?? 0) < (this.domains.get(domain) ?? this.domains.get('*') ?? Infinity);
  }
}
