/** Event streams that this process holds open: how many there may be, and their common end. */

/** Each is a socket, and a few small queries a second while its message waits. Who finds no place asks now and then instead. */
const OPEN_STREAMS_MAX = 500;
/** A carrier puts thousands of phones behind one address; one machine behind it may not take all places. */
const OPEN_STREAMS_OF_ONE_NETWORK = 50;

export interface OpenStream {
  /** Aborted when the client has gone or the server ends. */
  readonly ended: AbortSignal;
  /** Gives the place back. */
  leave(): void;
}

export interface OpenStreams {
  /** @param network as limits are counted; undefined for this machine, where one address stands for everybody */
  enter(network: string | undefined): OpenStream | undefined;
  /** Ends all, and whoever enters afterwards: a server with open answers could not stop. */
  endAll(): void;
}

export function createOpenStreams(): OpenStreams {
  const open = new Map<AbortController, string | undefined>();
  let closing = false;

  return {
    enter(network) {
      if (open.size >= OPEN_STREAMS_MAX || isFull(network)) return undefined;
      const controller = new AbortController();
      open.set(controller, network);
      if (closing) controller.abort();
      return {
        ended: controller.signal,
        leave() {
          open.delete(controller);
          controller.abort();
        },
      };
    },
    endAll() {
      closing = true;
      for (const controller of open.keys()) controller.abort();
    },
  };

  function isFull(network: string | undefined): boolean {
    if (network === undefined) return false;
    const ofThisOne = [...open.values()].filter((other) => other === network);
    return ofThisOne.length >= OPEN_STREAMS_OF_ONE_NETWORK;
  }
}
