"""Hears when a customer's voice turns tense during a live call, and puts that call in front of a supervisor."""
