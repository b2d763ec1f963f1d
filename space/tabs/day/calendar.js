// js_on_load of the calendar: Cally shows the days that the archive lists; choosing one is the event "choose", which fills in the day.
const find = selector => element.querySelector(selector)
const iso = date => date.toISOString().slice(0, 10)  // Cally's dates are midnight UTC
const today = () => new Date().toLocaleDateString('en-CA', {timeZone: 'Europe/London'})  // as 2026-03-09
const typed = () => document.querySelector('#day :is(input, textarea)').value.trim()

// Without a list of days every day until today may be asked for.
function take() {
  const days = props.value ?? [], listed = new Set(days), calendar = find('calendar-date')
  calendar.min = days[0] ?? ''
  calendar.max = days.at(-1) ?? today()
  calendar.isDateDisallowed = date => isNaN(date) || (listed.size > 0 && !listed.has(iso(date)))
  calendar.getDayParts = date => listed.has(iso(date)) ? 'listed' : ''
  const count = days.length > 1 ? `${days.length} days have` : '1 day has'
  find('.marks').textContent = days.length ? `${count} frames of this camera.` : 'The archive does not list its days.'
}

async function open() {
  await import(new URL('vendor/cally.js', window.gradio_config.root.replace(/\/*$/, '/')).href)
  const calendar = find('calendar-date'), box = find('.open').getBoundingClientRect(), sheet = find('[popover]')
  take()
  calendar.value = calendar.focusedDate = calendar.isDateDisallowed(new Date(typed())) ? calendar.max : typed()
  sheet.style.left = `${Math.max(8, Math.min(box.right - sheet.offsetWidth, innerWidth - sheet.offsetWidth - 8))}px`
  sheet.style.top = `${Math.max(8, Math.min(box.bottom + 6, innerHeight - sheet.offsetHeight - 8))}px`
  requestAnimationFrame(() => calendar.focus())
}

find('[popover]').addEventListener('toggle', event => { if (event.newState === 'open') open() })
find('calendar-date').addEventListener('change', event => {
  trigger('choose', {day: event.target.value})
  find('[popover]').hidePopover()
})
watch('value', () => { if (find('[popover]').matches(':popover-open')) take() })
