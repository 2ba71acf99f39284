"""The sample organisation at work: its people, a story played through the real services, simulated access events."""
