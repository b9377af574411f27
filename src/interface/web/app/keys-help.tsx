import { Modal } from '@mantine/core'

const keys: readonly (readonly [string, string])[] = [
  ['/  or  Ctrl K', 'Search or go to: a name, coordinates, an id, a command'],
  ['j  k', 'Next and previous: in a list, or among the things of the list one came from'],
  ['Enter', 'Open the chosen row'],
  [
    'g  then  t e l f s c i n j p',
    'Go to Tonight, Events, Plans, Frames, Telescopes, Catalogues, Inbox, Notifications, Jobs, People',
  ],
  ['+  −  0  1', 'At a picture of a frame: nearer, further, all of it, one to one; arrows move'],
  ['b  ,  .  n  w  i', 'There: blink, other plane, north up, grid, invert'],
  ['a  r  R', 'In the inbox: acknowledge, mark the thread read, mark all read'],
  ['t', 'Theme: dark, light, red'],
  ['?', 'These keys'],
]

export function KeysHelp({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Keys"
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <dl className="keys">
        {keys.map(([key, what]) => [
          <dt key={key}>
            {key
              .split('  ')
              .map((part) =>
                /^(or|then)$/.test(part)
                  ? ` ${part} `
                  : part.split(' ').map((one) => <kbd key={one}>{one}</kbd>),
              )}
          </dt>,
          <dd key={what}>{what}</dd>,
        ])}
      </dl>
    </Modal>
  )
}
