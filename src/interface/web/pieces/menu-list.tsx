import { Menu } from '@mantine/core'
import { useState } from 'react'
import type { MenuProps } from './menu.tsx'

/** The list of a menu, open from the first. */
export function MenuList({ children, items, width, stays }: MenuProps) {
  const [opened, setOpened] = useState(true)
  return (
    <Menu
      shadow="md"
      position="bottom-end"
      opened={opened}
      onChange={setOpened}
      closeOnItemClick={!stays}
      {...(width === undefined ? {} : { width })}
    >
      <Menu.Target>{children}</Menu.Target>
      <Menu.Dropdown>
        {items.map((item, i) => {
          if (item === 'line') return <Menu.Divider key={i} />
          if ('href' in item)
            return (
              <Menu.Item
                key={item.text}
                component="a"
                href={item.href}
                {...(item.outside ? { target: '_blank', rel: 'noreferrer' } : {})}
              >
                {item.text}
              </Menu.Item>
            )
          const { text, act, checked, danger, disabled = false } = item
          return (
            <Menu.Item
              key={text}
              disabled={disabled}
              onClick={act}
              {...(danger ? { color: 'var(--failed)' } : {})}
              {...(checked === undefined
                ? {}
                : {
                    role: 'menuitemcheckbox',
                    'aria-checked': checked,
                    leftSection: <span style={{ width: 12 }}>{checked ? '✓' : ''}</span>,
                  })}
            >
              {text}
            </Menu.Item>
          )
        })}
      </Menu.Dropdown>
    </Menu>
  )
}
