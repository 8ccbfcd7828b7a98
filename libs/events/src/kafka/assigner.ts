import kafkajs, { type PartitionAssigner } from 'kafkajs';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
const name = 'BySubscription';
const version = 1;
const userData = Buffer.alloc(0);

/**
 * Gives each partition to a member that subscribes to its topic, in turn. The library's own gives out the topics of the leader, to whomever:
 * in a rolling deploy that adds a topic, nobody would read it while a replica of the old version leads, and the new one would not
 * become ready.
 */
export const bySubscription: PartitionAssigner = ({ cluster }) => ({
  name,
  version,
  async assign({ members }) {
    const subscribers = new Map<string, string[]>();
    const shares = new Map<string, Record<string, number[]>>();
    for (const { memberId, memberMetadata } of [...members].sort(byId)) {
      shares.set(memberId, {});
      for (const topic of MemberMetadata.decode(memberMetadata)?.topics ?? [])
        subscribers.set(topic, [...(subscribers.get(topic) ?? []), memberId]);
    }
    // The leader may never have asked for topics that are not its own.
    await cluster.addMultipleTargetTopics([...subscribers.keys()]);
    let turn = 0;
    for (const [topic, memberIds] of [...subscribers].sort())
      for (const { partitionId } of cluster.findTopicPartitionMetadata(topic)) {
        const share = shares.get(memberIds[turn++ % memberIds.length]!)!;
        (share[topic] ??= []).push(partitionId);
      }
    return [...shares].map(([memberId, assignment]) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({ version, assignment, userData }),
    }));
  },
  protocol: ({ topics }) => ({ name, metadata: MemberMetadata.encode({ version, topics, userData }) }),
});

const byId = (a: { memberId: string }, b: { memberId: string }) => (a.memberId < b.memberId ? -1 : 1);
