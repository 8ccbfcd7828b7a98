import kafkajs, { type PartitionAssigner } from 'kafkajs';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
const name = 'BySubscription';
const version = 1;
const userData = Buffer.alloc(0);

/**
 * Assigns each partition to a member that subscribes to the partition's topic, in turn. The library's own
 * assigner distributes the topics of the leader among all members. In a rolling deploy that adds a topic, no
 * member would read the new topic while a replica of the old version leads, and the new replica would not
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
    // Loads the metadata of topics to which the leader itself does not subscribe.
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
