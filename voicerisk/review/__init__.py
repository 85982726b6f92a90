"""Looking back: reports of a day, a week, an incident; calls to review; what other rules would have done."""
