import { Menu } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { Me } from '../api/types.ts';
import { Icon, type IconName } from '../ui/glyph.tsx';
import { isPerson, may, signOut } from './session.ts';
import './account-menu.css';

/** Who one is, and what is one's own. */
export function AccountMenu({ me }: { me: Me }) {
  const navigate = useNavigate();
  const item = (icon: IconName, title: string, tab: string) => (
    <Menu.Item
      data-testid={`account-${tab}`}
      onClick={() => {
        void navigate({ to: '/account/$tab', params: { tab } });
      }}
    >
      <span className="row">
        <Icon name={icon} />
        {title}
      </span>
    </Menu.Item>
  );
  return (
    <Menu position="top-start" trapFocus returnFocus transitionProps={{ duration: 120 }} width={190}>
      <Menu.Target>
        <button type="button" className="foot" data-testid="account-menu" title={`${me.name}: sessions, tokens, password, sign out`}>
          <span className="avatar">{me.name.slice(0, 2).toUpperCase()}</span>
          <span>
            <span className="ell name" data-testid="signed-in-name">
              {me.name}
            </span>
            {me.role ?? 'own permissions'}
          </span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {item('time', 'My sessions', 'sessions')}
        {may('tokens.write') ? item('key', 'My tokens', 'tokens') : null}
        {isPerson(me) ? item('edit', 'Change password', 'password') : null}
        <Menu.Item
          data-testid="sign-out"
          onClick={() => {
            void signOut();
          }}
        >
          <span className="row">
            <Icon name="forth" />
            Sign out
          </span>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
