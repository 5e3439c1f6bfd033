/** IFNAMSIZ - 1: the longest name of an interface. */
const longestInterfaceName = 15;

/** Letters and digits that a person does not mistake for one another. */
const idAlphabet = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Names of hosts and switches: they become part of a namespace's and of an interface's name. */
const hostName = /^[a-z][a-z\d-]{0,30}$/u;

/** @throws RangeError where the name cannot be one of a host. */
export function checkHostName(name: string): string {
  if (hostName.test(name)) return name;
  throw new RangeError(
    `a name in a lab starts with a letter and has lower case letters, digits and "-", ` +
      `at most 31: not ${JSON.stringify(name)}`,
  );
}

/** @param random From 0 up to, not including, 1, as `Math.random` gives. */
export function newRunId(random: () => number): string {
  return Array.from({ length: 4 }, () => idAlphabet[Math.floor(random() * idAlphabet.length)]).join(
    '',
  );
}

/** The name of a namespace, as `ip netns` lists it; that of no other run starts in the same way. */
export function namespaceName(runId: string, host: string): string {
  return namespacePrefix(runId) + host;
}

export function namespacePrefix(runId: string): string {
  return `fl${runId}-`;
}

/** Interface names inside one namespace. */
export class InterfaceNames {
  readonly #taken = new Set(['lo']);

  /** The wanted name, cut and numbered where it is too long or taken. */
  take(wanted: string): string {
    for (let attempt = 1; ; attempt++) {
      const ending = attempt === 1 ? '' : `.${attempt}`;
      const name = wanted.slice(0, longestInterfaceName - ending.length) + ending;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }
}

/** What one end of a veth pair is known by to the kernel. */
export interface LinkIdentity {
  readonly index: number;
  readonly mac: string;
}

/**
 * Interface indexes and MAC addresses that are unique in a lab. Were the two ends of a veth pair to have
 * the same index in their namespaces, the kernel would take the device for a physical one, whose changes
 * of carrier it may report up to a second late (net/core/link_watch.c, linkwatch_urgent_event).
 */
export class LinkIdentities {
  #last = 0;

  next(): LinkIdentity {
    const number = ++this.#last;
    const low = [number >> 8, number & 0xff].map((octet) => octet.toString(16).padStart(2, '0'));
    // 02 = locally administered, unicast (IEEE 802 §8.4).
    return { index: 100 + number, mac: `02:f1:1e:ad:${low.join(':')}` };
  }
}
