// The console's own words in Hebrew. What the site wrote (titles, procedures) comes in its languages with the data.

export const RIGHT_TO_LEFT = ["he", "ar", "fa", "ur", "yi"];

const HEBREW = {
  // Gauges
  Gauges: "מדדים", Red: "אדום", Amber: "צהוב", Calm: "תקין", Stale: "לא עדכני", now: "כעת", s: "שנ׳", ms: "מ״ש", min: "דק׳", h: "שע׳", days: "ימים",
  calls: "שיחות", call: "שיחה", agents: "נציגים", agent: "נציג", transfers: "העברות", transfer: "העברה", contacts: "פניות", contact: "פנייה",
  complaints: "תלונות", complaint: "תלונה", faults: "תקלות", fault: "תקלה", "of 5": "מתוך 5", "x usual": "פי מהרגיל",
  "Whole site": "כל המוקד", Customer: "לקוח", Incident: "אירוע", Reason: "סיבה", "All gauges": "כל המדדים", "Only the worst gauges": "רק החמורים",
  "since the value was renewed": "מאז העדכון האחרון", "How far back": "כמה אחורה", Close: "סגירה", "Whose needle": "של מי המחוג", "The record cannot be read.": "לא ניתן לקרוא את הרישום.",
  // Desk
  "Needs a person": "ממתין לטיפול", "All calm.": "הכול רגוע.", "An alert appears here the moment a needle enters the red, or a customer's voice turns tense and stays so.": "התראה מופיעה כאן ברגע שמחוג נכנס לאדום, או כשקול הלקוח נעשה מתוח ונשאר כך.",
  "Live calls": "שיחות פעילות", "No call is on.": "אין שיחה פעילה.", "live calls": "שיחות פעילות", red: "אדום", amber: "צהוב", "waiting for somebody": "ממתינות לטיפול",
  "scorer lag": "פיגור הניתוח", "alert delay p95": "עיכוב התראה p95", "no alert yet": "עדיין אין", "Hears tone, not words": "שומע את הטון, לא את המילים", "not tuned on your calls yet": "עדיין לא כוון לפי השיחות שלכם",
  "Over today": "הסתיימו היום", "Sound on": "צליל פועל", "Sound off": "צליל כבוי", "Known fault": "תקלה ידועה", everywhere: "בכל המוקד",
  // Card
  critical: "קריטי", warning: "אזהרה", info: "לידיעה", "Taken by": "בטיפול", "Not taken yet": "עדיין לא טופל", "open for": "פתוח מזה", "It belongs to": "באחריות", "given to": "הועבר אל",
  "Nobody has been told": "איש לא עודכן", told: "עודכנו", times: "פעמים", "The call is over.": "השיחה הסתיימה.", "at the alert": "בעת ההתראה",
  Listen: "האזנה", Stop: "עצירה", "Hear why": "מה נשמע", Acknowledge: "קבלה לטיפול", "Resolve…": "סגירה…", "What to do": "מה עושים", "Hide steps": "הסתרת השלבים", More: "עוד", Less: "פחות",
  "Quiet until": "מושתק עד", "Rings as one with others of its group": "מצלצל יחד עם אחרים בקבוצה",
  // Procedure
  Now: "עכשיו", Waiting: "בהמתנה", "Under way": "בביצוע", Done: "בוצע", "Time ran out": "הזמן עבר", Skipped: "דולג", "Held back": "נבלם", Failed: "נכשל",
  "Do it": "ביצוע", "Answer…": "תשובה…", "Write…": "כתיבה…", "Already done": "כבר בוצע", Skip: "דילוג", Save: "שמירה", "A line for the record": "שורה לרישום",
  "Sure? It goes to customers": "בטוח? זה נשלח ללקוחות", "Sure? The customer will notice": "בטוח? הלקוח ירגיש בכך",
  // Deeds
  "Give it to": "להעביר אל", "a name or a role": "שם או תפקיד", Assign: "העברה", Note: "הערה", "Keep it quiet, because": "להשתיק, כי", why: "למה", "15 min": "15 דק׳", "1 h": "שעה", "8 h": "8 שע׳", "24 h": "24 שע׳", "till midnight": "עד חצות",
  "everywhere, not only": "בכל מקום, לא רק", "Given, and told so.": "הועבר, והודענו על כך.", "Written down.": "נרשם.", "It is quiet now; it stays on the screen.": "מושתק כעת; נשאר על המסך.",
  // Story
  "Who was told, and why": "מי עודכן, ולמה", "It opened": "נפתחה", "The cause came back after it was closed": "הסיבה חזרה לאחר הסגירה", "What kept it quiet is over": "מה שהשתיק אותה הסתיים",
  "Nobody took it in time: the next is told": "איש לא טיפל בזמן: הבא בתור מעודכן", "Still nobody has taken it": "עדיין איש לא לקח", "It was given to somebody": "הועברה לטיפול", "A step of the procedure": "שלב בנוהל",
  "It was time to tell somebody again": "הגיע הזמן לעדכן שוב", "A note": "הערה", "The cause came back; the card is on the screen already": "הסיבה חזרה; הכרטיס כבר על המסך", "The cause came back; somebody has it in hand": "הסיבה חזרה; מישהו מטפל",
  Taken: "נלקחה לטיפול", "Taken over": "עברה לטיפול אחר", Closed: "נסגרה", "It calmed down by itself": "נרגעה מעצמה", "The call ended": "השיחה הסתיימה", "Nothing is heard of the call any more": "השיחה אינה נשמעת עוד", "Given up: too many alerts": "נזנחה: יותר מדי התראות",
  "Nobody was told": "איש לא עודכן", "Nobody was told: a silence is in force": "איש לא עודכן: השתקה בתוקף", "Nobody was told: another alert explains it": "איש לא עודכן: התראה אחרת מסבירה זאת",
  "Nobody was told: it is a symptom of a known fault": "איש לא עודכן: סימפטום של תקלה ידועה", "Nobody was told: another alert of its group rang for all": "איש לא עודכן: התראה אחרת בקבוצה צלצלה עבור כולן",
  // Work
  "To do": "לביצוע", Mine: "שלי", Unowned: "ללא מטפל", Overdue: "באיחור", All: "הכול", "Nothing to do here.": "אין מה לעשות כאן.", Take: "לקיחה", "Close…": "סגירה…", "What came of it?": "מה יצא מזה?", "What was found?": "מה נמצא?",
  due: "עד", late: "באיחור", "nobody's yet": "עדיין של איש", of: "של", Promises: "הבטחות", "No promise is open.": "אין הבטחה פתוחה.", Incidents: "אירועים", "No incident is open.": "אין אירוע פתוח.", "Nobody answers for it yet": "אין לו אחראי",
  Outage: "תקלה", "Outage mode": "מצב תקלה", "No known fault.": "אין תקלה ידועה.", "A fault begins": "תקלה מתחילה", "It is over": "הסתיימה", where: "איפה", Silences: "השתקות", "No silence is in force.": "אין השתקה בתוקף.", End: "סיום", until: "עד",
  "On duty": "בתורנות", "nobody by the roster": "איש לפי הסידור", "since": "מאז", feedback: "משוב", procedure: "נוהל", note: "הערה", prevention: "מניעה", Feedback: "משוב",
  // Review
  "Flagged calls": "שיחות שסומנו", "The alert was": "ההתראה הייתה", Right: "נכונה", Wrong: "שגויה", Unsure: "לא ברור", "A call was missed": "שיחה שהוחמצה", Missed: "הוחמצה", Topic: "נושא",
  "A process or a policy, never a person": "תהליך או מדיניות, לעולם לא אדם", "Marked today": "סומנו היום", "Nothing is marked yet today.": "עדיין לא סומן דבר היום.", "No recording was kept.": "לא נשמרה הקלטה.", Recording: "הקלטה", "left out": "הושמט",
  "No flagged call in this time.": "אין שיחות מסומנות בזמן הזה.", Today: "היום", "7 days": "7 ימים", "Choose a call to look at.": "לבחור שיחה.", marked: "סומן", Tension: "מתח", "No tension was recorded.": "לא נרשם מתח.", "Missed call's id": "מזהה השיחה שהוחמצה",
  "Why it alerted": "למה הופיעה ההתראה", "Why to listen to it": "למה להאזין", "Worth listening to today": "כדאי להאזין היום", "Rightly none": "נכון שלא הייתה", "The whole story as a report": "כל הסיפור כדוח",
  "Day report": "דוח יומי", "Week report": "דוח שבועי", "it alerted": "הייתה התראה", "it was tense": "הייתה מתוחה", "a repeated call": "שיחה חוזרת", "it was transferred": "הועברה", "bad feedback": "משוב שלילי", "nobody has listened to its queue lately": "איש לא האזין לתור הזה לאחרונה", "a calm one, by chance": "שיחה רגועה, באקראי", "Saved: it sets tomorrow's threshold.": "נשמר: קובע את הסף של מחר.", "Only not marked yet": "רק מה שלא סומן", Loading: "בטעינה",
};

// The words in that language; where there are none, in English.
export function word(language, english) {
  return (language === "he" && HEBREW[english]) || english;
}

// The language that this browser was last set to.
export const KEPT = "voicerisk.language";

// For components with a `language`.
export const Speaks = {
  methods: {
    w(english) {
      return word(this.language, english);
    },
    say(text) {
      return text[this.language] || text.en || Object.values(text)[0] || "";
    },
  },
};
