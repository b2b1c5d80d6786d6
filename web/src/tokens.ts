// Colours, type, spaces and corners: all that is looked at is written here, and nowhere
// else. Styles take them as variables, the component library as its theme.
import type { GlobalThemeOverrides } from 'naive-ui'

const light = {
  page: '#f6f6f7', // behind all
  panel: '#ffffff', // bars, cards
  raised: '#ffffff', // what floats
  well: '#ececef', // behind pictures
  hover: '#efeff2',
  line: '#dfdfe4',
  text: '#17171a',
  soft: '#5d5e68',
  accent: '#3257d8',
  accentHover: '#2848ba',
  accentSoft: '#e5ebfd',
  onAccent: '#ffffff',
  good: '#19713f',
  goodSoft: '#def3e6',
  warn: '#8a5300',
  warnSoft: '#fcefd4',
  bad: '#b92b2b',
  badSoft: '#fce4e4',
  shade: 'rgba(20, 20, 28, 0.40)',
  veil: 'rgba(0, 0, 0, 0.35)', // over a picture
  onVeil: '#ffffff',
  lift: '0 1px 2px rgba(0, 0, 0, 0.12)',
  shadow: '0 1px 2px rgba(20, 20, 28, 0.08), 0 8px 28px rgba(20, 20, 28, 0.16)',
}

const dark: typeof light = {
  page: '#111113',
  panel: '#18181b',
  raised: '#212126',
  well: '#26262b',
  hover: '#26262c',
  line: '#313138',
  text: '#ededf0',
  soft: '#a5a5af',
  accent: '#91a9ff',
  accentHover: '#aabdff',
  accentSoft: '#242d4d',
  onAccent: '#0f1430',
  good: '#6fd49a',
  goodSoft: '#153324',
  warn: '#f0bd6a',
  warnSoft: '#3a2b10',
  bad: '#ff9a94',
  badSoft: '#451d1d',
  shade: 'rgba(0, 0, 0, 0.60)',
  veil: 'rgba(0, 0, 0, 0.35)',
  onVeil: '#ffffff',
  lift: '0 1px 2px rgba(0, 0, 0, 0.12)',
  shadow: '0 1px 2px rgba(0, 0, 0, 0.5), 0 10px 32px rgba(0, 0, 0, 0.6)',
}

const shape = {
  font: 'system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Micro Hei", sans-serif',
  mono: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  small: '12px',
  body: '14px',
  large: '18px',
  s1: '4px',
  s2: '8px',
  s3: '12px',
  s4: '16px',
  s6: '24px',
  s8: '32px',
  roundSmall: '6px', // inside of what is round
  round: '8px',
  roundLarge: '12px', // of what floats
  bar: '48px',
  quick: '120ms',
}

export function paint(isDark: boolean): void {
  const root = document.documentElement
  for (const [name, value] of Object.entries({ ...shape, ...(isDark ? dark : light) })) {
    root.style.setProperty('--' + name, value)
  }
  root.style.colorScheme = isDark ? 'dark' : 'light'
}

export function themeOf(isDark: boolean): GlobalThemeOverrides {
  const c = isDark ? dark : light
  return {
    common: {
      fontFamily: shape.font,
      fontFamilyMono: shape.mono,
      fontSize: shape.body,
      fontSizeMedium: shape.body,
      borderRadius: shape.round,
      borderRadiusSmall: shape.roundSmall,
      primaryColor: c.accent,
      primaryColorHover: c.accentHover,
      primaryColorPressed: c.accentHover,
      primaryColorSuppl: c.accent,
      errorColor: c.bad,
      errorColorHover: c.bad,
      errorColorPressed: c.bad,
      successColor: c.good,
      warningColor: c.warn,
      textColorBase: c.text,
      textColor1: c.text,
      textColor2: c.text,
      textColor3: c.soft,
      placeholderColor: c.soft,
      borderColor: c.line,
      dividerColor: c.line,
      bodyColor: c.page,
      cardColor: c.panel,
      modalColor: c.raised,
      popoverColor: c.raised,
      inputColor: c.panel,
      hoverColor: c.hover,
      railColor: c.well,
      boxShadow2: c.shadow,
    },
    Dropdown: { optionOpacityDisabled: '0.8' },
    Button: {
      textColorPrimary: c.onAccent,
      textColorHoverPrimary: c.onAccent,
      textColorPressedPrimary: c.onAccent,
      textColorFocusPrimary: c.onAccent,
      textColorDisabledPrimary: c.onAccent,
      textColorError: isDark ? c.page : c.panel,
      textColorHoverError: isDark ? c.page : c.panel,
      textColorFocusError: isDark ? c.page : c.panel,
      textColorPressedError: isDark ? c.page : c.panel,
      fontWeight: '500',
    },
  }
}
