"""Makes a backup of each database every night, and keeps the last few."""
