import {
  addressFromBytes,
  isMulticast,
  isUnspecified,
  macFromBytes,
  solicitedNodeGroup,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import {
  allNodesGroup,
  broadcastMac,
  decodeEthernet,
  encodeArp,
  encodeEthernet,
  encodeNeighbourAdvertisement,
  etherTypes,
  multicastMac,
  type EthernetFrame,
} from '@fairlead/l2';
import { internetChecksum } from '@fairlead/wire';
import type { Answer, Evidence } from '../responder-layout.ts';

/** What the program in the kernel knows about the interface that a frame came in by. */
export interface Scene {
  readonly interfaceMac: MacAddress;
  /** Those of all announcing interfaces. */
  readonly ownMacs: ReadonlySet<MacAddress>;
  readonly answers: ReadonlyMap<IpAddress, Pick<Answer, 'mac' | 'mode'>>;
  readonly fenceAhead: boolean;
}

/** What becomes of a frame: it is answered, or it goes on as it came. */
export interface Outcome {
  readonly reply: Uint8Array | undefined;
  readonly evidence: Pick<Evidence, 'kind' | 'address' | 'mac'> | undefined;
}

const pass: Outcome = { reply: undefined, evidence: undefined };
/** The IPv4 dummy address (RFC 7600; IANA, IPv4 Special-Purpose Address Registry). */
const echoAddress = '192.0.0.8' as IpAddress;
/** The longest options that the program takes, in bytes. */
const longestOptions = 64;

/** What the program must do about a frame: it once more, to be compared with. */
export function judge(bytes: Uint8Array, scene: Scene): Outcome {
  if (bytes.length < 14) return pass;
  const frame = decodeEthernet(bytes);
  if (frame.etherType === etherTypes.arp) return judgeArp(frame, scene);
  if (frame.etherType === etherTypes.ipv6) return judgeNdp(frame, scene);
  return pass;
}

function judgeArp({ destination, payload }: EthernetFrame, scene: Scene): Outcome {
  if (payload.length < 28 || payload.subarray(0, 6).toHex() !== '000108000604') return pass;
  const operation = payload[6] === 0 ? payload[7] : undefined;
  const senderMac = macFromBytes(payload.subarray(8, 14));
  const senderIp = addressFromBytes(payload.subarray(14, 18));
  const targetIp = addressFromBytes(payload.subarray(24, 28));
  const toUs = destination === scene.interfaceMac;
  if ((operation !== 1 && operation !== 2) || scene.ownMacs.has(senderMac)) return pass;
  const claim = scene.answers.has(senderIp) ? evidence('claim', senderIp, senderMac) : pass;
  if (operation === 2) {
    return senderIp === echoAddress && toUs ? evidence('echo', senderIp, senderMac) : claim;
  }
  if (claim !== pass && senderIp === targetIp) return claim;
  if ((!toUs && destination !== broadcastMac) || !isHostMac(senderMac)) return claim;
  const reply = (mac: MacAddress): Outcome => {
    const answer = { operation: 'reply', senderMac: mac, senderIp: targetIp } as const;
    return {
      reply: encodeEthernet({
        destination: senderMac,
        source: mac,
        etherType: etherTypes.arp,
        payload: encodeArp({ ...answer, targetMac: senderMac, targetIp: senderIp }),
      }),
      evidence: claim.evidence,
    };
  };
  if (targetIp === echoAddress) return toUs && scene.fenceAhead ? reply(scene.interfaceMac) : claim;
  const answer = scene.answers.get(targetIp);
  if (answer?.mode === 'answer' && scene.fenceAhead) return reply(answer.mac);
  return answer && senderIp === '0.0.0.0' ? evidence('probe', targetIp, senderMac) : claim;
}

function judgeNdp(frame: EthernetFrame, scene: Scene): Outcome {
  const { payload: packet } = frame;
  if (packet.length < 64 || (packet[0] ?? 0) >> 4 !== 6 || packet[6] !== 58 || packet[7] !== 255) {
    return pass;
  }
  const length = (packet[4] ?? 0) * 256 + (packet[5] ?? 0);
  const message = packet.subarray(40, 40 + length);
  const source = addressFromBytes(packet.subarray(8, 24));
  const destination = addressFromBytes(packet.subarray(24, 40));
  const target = addressFromBytes(packet.subarray(48, 64));
  const answer = scene.answers.get(target);
  if (answer === undefined || scene.ownMacs.has(frame.source)) return pass;
  if (message.length !== length || length < 24 || length > 24 + longestOptions) return pass;
  if (message[1] !== 0) return pass;
  const pseudoHeader = [packet.subarray(8, 40), Uint8Array.of(0, 0, 0, length, 0, 0, 0, 58)];
  const options = linkLayerOptions(message.subarray(24));
  if (options === undefined || internetChecksum([...pseudoHeader, message]) !== 0) return pass;
  if (message[0] === 136) {
    const owner = options(2, frame.source);
    const solicited = ((message[4] ?? 0) & 0x40) !== 0;
    if (owner === undefined || (solicited && isMulticast(destination))) return pass;
    return scene.ownMacs.has(owner) ? pass : evidence('claim', target, owner);
  }
  if (message[0] !== 135) return pass;
  const asker = options(1, frame.source);
  const group = solicitedNodeGroup(target);
  const probe = isUnspecified(source);
  const toUs = frame.destination === scene.interfaceMac;
  if (!toUs && (frame.destination !== multicastMac(group) || destination !== group)) return pass;
  if (destination !== group && destination !== target) return pass;
  if (asker === undefined || !isHostMac(asker) || isMulticast(source)) return pass;
  if (probe && (options(1, undefined) !== undefined || destination !== group)) return pass;
  if (scene.ownMacs.has(asker)) return pass;
  if (answer.mode === 'watch' || !scene.fenceAhead) {
    return probe ? evidence('probe', target, asker) : pass;
  }
  const to = probe
    ? { link: multicastMac(allNodesGroup), address: allNodesGroup }
    : { link: asker, address: source };
  return {
    reply: encodeNeighbourAdvertisement(
      { destination: to.link, source: answer.mac },
      {
        source: target,
        destination: to.address,
        target,
        router: false,
        solicited: !probe,
        override: true,
        targetMac: answer.mac,
      },
    ),
    evidence: undefined,
  };
}

/**
 * Looks up the first link-layer address of a type, else the other value; undefined where it is none
 * of Ethernet's. Undefined itself where the options are not well-formed.
 */
function linkLayerOptions(bytes: Uint8Array) {
  const first = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const [type = 0, units = 0] = bytes.subarray(at, at + 2);
    if (units === 0 || at + units * 8 > bytes.length) return undefined;
    if (!first.has(type)) first.set(type, bytes.subarray(at + 2, at + units * 8));
    at += units * 8;
  }
  return (type: number, other: MacAddress | undefined): MacAddress | undefined => {
    const value = first.get(type);
    if (value === undefined) return other;
    return value.length === 6 ? macFromBytes(value) : undefined;
  };
}

function evidence(kind: Evidence['kind'], address: IpAddress, mac: MacAddress): Outcome {
  return { reply: undefined, evidence: { kind, address, mac } };
}

function isHostMac(mac: MacAddress): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0 && mac !== '00:00:00:00:00:00';
}
