"""Which book a deed is for."""

from voicerisk.risk import deeds
from voicerisk.risk.actions import Action
from voicerisk.risk.alerts import NotifyReason
from voicerisk.risk.book import AlertBook
from voicerisk.risk.deeds import Deed
from voicerisk.risk.desk import Desk, DeskAction


def do(deed: Deed, book: AlertBook, desk: Desk, now: float) -> list[Action] | list[DeskAction]:
    """What the deed does in the book of alerts or on the desk. Raises as `Engine.do` does."""
    match deed:
        case deeds.Acknowledge():
            return book.acknowledge(deed.alert, deed.person, now, deed.note)
        case deeds.Assign():
            return book.assign(deed.alert, deed.person, deed.to, now, deed.note)
        case deeds.Resolve():
            return book.resolve(deed.alert, NotifyReason.RESOLVED_BY_PERSON, now, person=deed.person, note=deed.note)
        case deeds.AddNote():
            return book.note(deed.alert, deed.person, now, deed.note)
        case deeds.MakeSilence():
            return book.silence(deed.matchers, deed.until_s, deed.person, deed.why, now)
        case deeds.EndSilence():
            return book.unsilence(deed.silence, deed.person, now)
        case deeds.SetOutage():
            return desk.outage(deed.on, deed.person, now, deed.why, deed.queue)
        case deeds.RunStep():
            return desk.run_step(deed.run, deed.step, deed.person, now)
        case deeds.ConfirmStep():
            return desk.confirm_step(deed.run, deed.step, deed.person, now, deed.note)
        case deeds.SkipStep():
            return desk.skip_step(deed.run, deed.step, deed.person, now, deed.note)
        case deeds.ReportStep():
            return desk.report_step(deed.run, deed.step, deed.ok, deed.text, now)
        case deeds.TakeTask():
            return desk.take_task(deed.task, deed.person, now)
        case deeds.CloseTask():
            return desk.close_task(deed.task, deed.person, now, deed.note)
        case deeds.AssignIncident():
            return desk.assign_incident(deed.incident, deed.to, now)
