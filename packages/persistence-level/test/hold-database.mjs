// Opens the database named by the first argument, says so, and keeps it open until it is killed.
import { Level } from 'level';

const database = new Level(process.argv[2]);
await database.open();
process.stdout.write('open\n');
setInterval(() => {}, 60_000);
