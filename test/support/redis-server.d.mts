export interface RedisServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}
export function startRedis(): Promise<RedisServer | undefined>;
export function freePort(): Promise<number>;
