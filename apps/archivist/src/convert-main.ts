/** The program that makes rows of a closed spool, where the archivist's own file finds it. */
import '@meterbridge/receipts/convert-main';
