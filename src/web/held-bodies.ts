/** Bodies of calls that anybody may make: how many bytes of them this process holds at once. */
import { Refusal } from '../rules/errors.ts';

/** The largest calls have 3 MiB and are judged within a tenth of a second; who finds no room is a provider, and calls again. */
const HELD_MAX_BYTES = 32 * 1024 * 1024;
/** A provider calls from several addresses; who fills his own share shuts out nobody else. */
const HELD_OF_ONE_NETWORK_MAX_BYTES = 8 * 1024 * 1024;
const RETRY_AFTER_SECONDS = 10;

export interface HeldBody {
  /** Before so many bytes more are held. @throws Refusal `unavailable` where there is no room for them */
  take(bytes: number): void;
  /** Gives back what was taken. */
  leave(): void;
}

export interface HeldBodies {
  /** @param network as limits are counted; undefined for this machine, where one address stands for everybody */
  enter(network: string | undefined): HeldBody;
}

export function createHeldBodies(): HeldBodies {
  const ofNetworks = new Map<string, number>();
  let all = 0;

  function add(network: string | undefined, bytes: number): void {
    all += bytes;
    if (network === undefined) return;
    const left = (ofNetworks.get(network) ?? 0) + bytes;
    if (left > 0) ofNetworks.set(network, left);
    else ofNetworks.delete(network);
  }

  function hasRoom(network: string | undefined, bytes: number): boolean {
    const ofThisOne = network === undefined ? 0 : (ofNetworks.get(network) ?? 0);
    return all + bytes <= HELD_MAX_BYTES && ofThisOne + bytes <= HELD_OF_ONE_NETWORK_MAX_BYTES;
  }

  return {
    enter(network) {
      let taken = 0;
      return {
        take(bytes) {
          if (!hasRoom(network, bytes)) throw new Refusal('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS });
          taken += bytes;
          add(network, bytes);
        },
        leave() {
          add(network, -taken);
          taken = 0;
        },
      };
    },
  };
}
