import { useNavigate } from '@tanstack/react-router';
import type { Message } from '../../api/types.ts';
import { bytes } from '../../ui/format.ts';
import { PayloadView } from '../messages/payload-view.tsx';

/** A payload as Messages shows it; a number of it opens there as a chart. */
export function Payload({
  message,
}: {
  message: Pick<Message, 'topic' | 'qos' | 'retain' | 'payload' | 'encoding' | 'size'> & { truncated?: boolean };
}) {
  const navigate = useNavigate();
  return (
    <>
      <PayloadView
        message={{ ...message, n: 0, time: 0 }}
        path={undefined}
        pick={(path) => {
          void navigate({ to: '/messages', search: { filter: message.topic, topic: message.topic, path } });
        }}
      />
      {message.truncated === true ? <p className="meta">The first part of {bytes(message.size)}.</p> : null}
    </>
  );
}
