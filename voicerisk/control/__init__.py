"""What a supervisor does on the switch itself (listen, whisper, barge, take over, leave), and what it says back."""
