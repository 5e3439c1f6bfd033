import type { IpAddress, MacAddress, Prefix } from '@fairlead/ip';
import type { Fault, Faults } from './fault.ts';
import { tools } from './requirements.ts';
import type { Plug, Plugged, Switch } from './switch.ts';

/** A network card of a host. */
export interface NicOptions {
  readonly switch: Switch;
  /** Each with its prefix length: `192.0.2.11/24`. */
  readonly addresses?: readonly string[] | undefined;
  /** Default `eth0`, `eth1` … */
  readonly name?: string | undefined;
  /** Put it into a bridge `br0` (`br1` …) of the host, which then holds the addresses. */
  readonly bridged?: boolean | undefined;
}

interface NicState {
  readonly hostName: string;
  readonly name: string;
  readonly device: string;
  readonly mac: MacAddress;
  readonly addresses: readonly Prefix[];
  readonly linkLocal: IpAddress;
  readonly switch: Switch;
  readonly port: string;
  readonly groups: readonly string[];
}

/** A network card and the cable from it to its switch. */
export class Nic implements Plug, Plugged {
  /** The host's name and its own: `n1/eth0`. */
  readonly name: string;
  /** The name of the card on the host. */
  readonly interfaceName: string;
  /** The interface that holds the addresses: the card, or the bridge it is a port of. */
  readonly device: string;
  /** The MAC address of both. */
  readonly mac: MacAddress;
  readonly addresses: readonly Prefix[];
  readonly linkLocal: IpAddress;
  readonly switch: Switch;
  readonly port: string;
  readonly groups: readonly string[];
  readonly plugs: readonly Plug[];
  readonly #faults: Faults;
  #cuts = 0;

  constructor(state: NicState, faults: Faults) {
    this.name = `${state.hostName}/${state.name}`;
    this.interfaceName = state.name;
    this.device = state.device;
    this.mac = state.mac;
    this.addresses = state.addresses;
    this.linkLocal = state.linkLocal;
    this.switch = state.switch;
    this.port = state.port;
    this.groups = state.groups;
    this.plugs = [this];
    this.#faults = faults;
  }

  /** Pulls the cable: the host sees the loss of carrier. */
  cut(): Promise<Fault> {
    return this.#faults.begin(`${this.name}: cable cut`, async () => {
      this.#cuts++;
      await this.#setPort('down');
      return async () => {
        if (--this.#cuts === 0) await this.#setPort('up');
      };
    });
  }

  /** Loses all frames both ways, while the host still sees a carrier. */
  dark(): Promise<Fault> {
    return this.#faults.begin(`${this.name}: dark`, () =>
      this.switch.lose({ kind: 'port', port: this.port, lost: 'both' }),
    );
  }

  /** Loses what the host receives (`in`) or what it sends (`out`). */
  oneWay(lost: 'in' | 'out'): Promise<Fault> {
    return this.#faults.begin(`${this.name}: loses all that goes ${lost}`, () =>
      this.switch.lose({ kind: 'port', port: this.port, lost }),
    );
  }

  async #setPort(state: 'up' | 'down'): Promise<void> {
    await this.switch.namespace.run([tools().ip, 'link', 'set', 'dev', this.port, state]);
  }
}
