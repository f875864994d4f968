/** Every word that the pages say, in every language; the type makes each language complete. */
import type { RecordType } from '../core/fields.ts';
import type { Permission, View } from './status.ts';

/** Languages of the pages; the browser's Accept-Language decides. */
export type Language = 'en' | 'de';

/** What a page may have to say when something is not as expected. */
export type Message =
  | 'expired'
  | 'denied'
  | 'refusedByGoogle'
  | 'identity'
  | 'unverified'
  | 'unknownUser'
  | 'disabledUser'
  | 'otherAccount'
  | 'signedOut'
  | 'foreignForm'
  | 'badForm'
  | 'notFound'
  | 'wrongMethod'
  | 'later'
  | 'failed';

/** All words of one language. */
export interface Texts {
  product: string;
  home: {
    title: string;
    lead: string;
    connect: string;
    account: string;
    syncedTitle: string;
    synced: string[];
    notSyncedTitle: string;
    notSynced: string[];
    /** Where the appointments have a calendar of their own. */
    dedicated: { synced: string[]; notSynced: string[] };
    contacts: { synced: string[]; notSynced: string[] };
    tasks: { synced: string[]; notSynced: string[] };
    permissionsTitle: string;
    permissionsLead: string;
    leavingTitle: string;
    leaving: string;
  };
  permissions: { [P in Permission]: { name: string; why: string; off: string } };
  status: {
    views: { [V in View]: { title: string; text: string } };
    /** Added to what `held` says, before the names of the types. */
    held: string;
    types: { [R in RecordType]: string };
    scopesChanged: string;
    progress: string;
    progressCount: string;
    accountTitle: string;
    crmUser: string;
    googleAccount: string;
    connectedAt: string;
    lastSync: string;
    never: string;
    permissionsTitle: string;
    on: string;
    off: string;
    offHint: string;
    connectAgain: string;
    signOut: string;
  };
  disconnect: {
    title: string;
    text: string;
    choice: string;
    keep: string;
    keepHint: string;
    remove: string;
    removeHint: string;
    button: string;
    again: string;
  };
  messages: { [M in Message]: (account: string) => { title: string; body: string[] } };
  actions: { connect: string; home: string; replace: string };
}

const en: Texts = {
  product: 'CRM and Google',
  home: {
    title: 'Connect the CRM with your Google account',
    lead: 'What you need of the CRM on the road is in your Google account, on your phone too. What you change on one side is on the other within seconds.',
    connect: 'Connect with Google',
    account: 'Choose the Google account with the address under which the CRM knows you.',
    syncedTitle: 'What is synced, and why',
    synced: [
      'Appointments from the CRM are entered in your calendar, so that you have them with you.',
      'What you change in them at Google goes back into the CRM, so that nobody enters it twice.',
      'Your own events reach the CRM, so that it knows when you are free.',
      'Of a private event the CRM learns only that you are busy: no title, no text.',
    ],
    notSyncedTitle: 'What is not',
    notSynced: [
      'Mail, files and everything else in your account are out of reach.',
      'Calendars that belong to somebody else are not read.',
      'Nobody receives an invitation or a notice by mail because of the sync.',
      'Your own events stay as they are, unless you change them in the CRM.',
    ],
    dedicated: {
      synced: [
        'Appointments from the CRM are entered in a calendar of their own, so that you have them with you.',
        'What you change or add there goes back into the CRM, so that nobody enters it twice.',
        'The CRM learns when you are busy, not with what.',
      ],
      notSynced: [
        'Your other calendars are out of reach: nothing in them is read or changed.',
        'Mail, files and everything else in your account are out of reach too.',
        'Nobody receives an invitation or a notice by mail because of the sync.',
      ],
    },
    contacts: {
      synced: [
        'Contact persons from the CRM are in your contacts with the label “CRM”. What you change in them goes back into the CRM.',
        'A contact to which you give this label enters the CRM. Take the label off, and it is yours alone again.',
      ],
      notSynced: [
        'Google permits all contacts or none. Those without the label are passed over: nothing of them is kept or reaches the CRM.',
      ],
    },
    tasks: {
      synced: [
        'Tasks from the CRM are in a task list called “CRM”. What you change, tick off or add there goes back into the CRM.',
      ],
      notSynced: ['Your other task lists are not read.'],
    },
    permissionsTitle: 'What Google will ask you to permit',
    permissionsLead:
      'You may leave a box empty. What depends on it then stays off, everything else works.',
    leavingTitle: 'You can leave at any time',
    leaving:
      'After connecting you find Disconnect on this page. The permission is kept encrypted, and only the sync can use it.',
  },
  permissions: {
    appointments: {
      name: 'Appointments',
      why: 'See and edit events in the calendars that you own.',
      off: 'Nothing of your calendar is synced.',
    },
    ownCalendar: {
      name: 'A calendar for the CRM',
      why: 'Make a calendar and see and edit the events in it. Your other calendars stay out of reach.',
      off: 'No appointments are synced.',
    },
    freeBusy: {
      name: 'Free and busy times',
      why: 'See when you are busy, without what for.',
      off: 'The CRM sees busy times only from events that it may read.',
    },
    contacts: {
      name: 'Contacts',
      why: 'See and edit the contacts that carry the label “CRM”.',
      off: 'No contacts are synced.',
    },
    tasks: {
      name: 'Tasks',
      why: 'See and edit the tasks in the list “CRM”.',
      off: 'No tasks are synced.',
    },
  },
  status: {
    views: {
      firstSync: {
        title: 'Connected. The first sync is running',
        text: 'Both sides are being brought together. You can close this page, it goes on by itself.',
      },
      active: {
        title: 'Connected',
        text: 'The CRM and Google are kept the same. There is nothing left to do.',
      },
      reauthorize: {
        title: 'Google asks you to connect again',
        text: 'Google no longer accepts the permission, for example because it was withdrawn in the Google account. Nothing is lost: after connecting again the sync catches up.',
      },
      held: {
        title: 'A part of the sync is held',
        text: 'Unusually many entries disappeared at once. So that no mistake is passed on, your CRM administrator should look first. The rest goes on, and nothing is lost until then.',
      },
      paused: {
        title: 'The sync is paused',
        text: 'Nothing is being changed on either side. Your CRM administrator can let it go on; nothing is lost until then.',
      },
      disabled: {
        title: 'Switched off in the CRM',
        text: 'The CRM has switched the sync off for you. Your CRM administrator can switch it on again; nothing is lost until then.',
      },
      disconnecting: {
        title: 'Disconnecting',
        text: 'The sync is finishing, then it gives the permission back to Google. This takes a moment; you can close this page.',
      },
      disconnected: {
        title: 'Disconnected',
        text: 'The permission was given back to Google and deleted here. You can connect again at any time.',
      },
    },
    scopesChanged:
      'Your administrator has changed where the appointments are kept, and Google needs your consent to that once.',
    held: 'Held:',
    types: { appointment: 'appointments', contact: 'contacts', task: 'tasks' },
    progress: 'First sync in progress',
    progressCount: 'Entries done so far:',
    accountTitle: 'Account',
    crmUser: 'In the CRM',
    googleAccount: 'At Google',
    connectedAt: 'Connected since',
    lastSync: 'Last synced',
    never: 'not yet',
    permissionsTitle: 'What is on',
    on: 'On',
    off: 'Off',
    offHint: 'To switch it on, connect again and tick the box at Google.',
    connectAgain: 'Connect again',
    signOut: 'Sign out of this page',
  },
  disconnect: {
    title: 'Disconnect',
    text: 'The sync stops, and its permission is given back to Google. Nothing changes in the CRM.',
    choice: 'What shall happen to the entries in Google?',
    keep: 'Leave them',
    keepHint: 'Everything stays in your calendar as it is now.',
    remove: 'Remove what the sync made',
    removeHint: 'Entries that came from the CRM go. Your own stay.',
    button: 'Disconnect',
    again: 'Taking long? Ask again',
  },
  messages: {
    expired: () => ({
      title: 'This sign-in is no longer valid',
      body: [
        'It was used already, took longer than ten minutes, or was started in another browser. Nothing was changed.',
      ],
    }),
    denied: () => ({
      title: 'Not connected',
      body: [
        'You did not give the permission, so nothing was connected and nothing is synced.',
        'If you change your mind, simply start again.',
      ],
    }),
    refusedByGoogle: () => ({
      title: 'Google did not allow the connection',
      body: [
        'This is usually a setting of your organization: the administrator of your Google accounts has to allow this app.',
      ],
    }),
    identity: () => ({
      title: 'Your Google account could not be confirmed',
      body: [
        'The answer about your identity did not pass the check, so nothing was connected. Please start again. If it happens twice, tell your CRM administrator.',
      ],
    }),
    unverified: (account) => ({
      title: 'This address is not confirmed at Google',
      body: [
        `You used the account ${account}. Google cannot vouch that this address is yours today, so nothing was connected.`,
        'Choose the account that your organization gave you, or confirm the address in your Google account.',
      ],
    }),
    unknownUser: (account) => ({
      title: 'The CRM does not know this account',
      body: [
        `You used the account ${account}. No user in the CRM has this address, so nothing was connected and the permission was given back.`,
        'If you have several Google accounts, start again and choose the one with your address in the CRM. If it is the right one, ask your CRM administrator to enter this address for you.',
      ],
    }),
    disabledUser: (account) => ({
      title: 'Switched off in the CRM',
      body: [
        `You used the account ${account}. The CRM has switched the sync off for this user, so nothing was connected.`,
        'Your CRM administrator can switch it on.',
      ],
    }),
    otherAccount: (account) => ({
      title: 'Another Google account is connected already',
      body: [
        `You used the account ${account}. It is not the Google account that was connected for this CRM user at first, even if the address is the same. So that no entries get mixed up, nothing was changed.`,
        'If you meant the first account, start again and choose that one: everything stays as it is.',
        'If the new account replaces it, move: your entries of the CRM are then written to the calendar of the new account, and nothing more is sent to the first one. What stands in its calendar stays there. You can withdraw the permission of the first account in its Google settings.',
      ],
    }),
    signedOut: () => ({
      title: 'Please connect first',
      body: [
        'This browser is not signed in, or the twelve hours of its sign-in are over. Connect with Google to see the state of your sync; what is connected stays connected.',
      ],
    }),
    foreignForm: () => ({
      title: 'This request did not come from this page',
      body: ['For your safety nothing was done. Please open the page and use its buttons.'],
    }),
    badForm: () => ({
      title: 'This form is no longer valid',
      body: ['Nothing was changed. Please open the page again and repeat your choice.'],
    }),
    notFound: () => ({
      title: 'There is no such page',
      body: ['The address may be mistyped.'],
    }),
    wrongMethod: () => ({
      title: 'This address cannot be opened like this',
      body: ['Please use the buttons of the page.'],
    }),
    later: () => ({
      title: 'This is not possible just now',
      body: ['A service that is needed does not answer. Please try again in a minute.'],
    }),
    failed: () => ({
      title: 'Something went wrong',
      body: [
        'It is our fault, not yours, and has been noted. Please try again; if it happens twice, tell your CRM administrator.',
      ],
    }),
  },
  actions: {
    connect: 'Start again',
    home: 'To the start page',
    replace: 'Move to the new account',
  },
};

const de: Texts = {
  product: 'CRM und Google',
  home: {
    title: 'CRM mit Ihrem Google-Konto verbinden',
    lead: 'Was Sie unterwegs aus dem CRM brauchen, steht in Ihrem Google-Konto, auch auf dem Telefon. Was Sie auf der einen Seite ändern, ist Sekunden später auf der anderen.',
    connect: 'Mit Google verbinden',
    account: 'Wählen Sie das Google-Konto mit der Adresse, unter der das CRM Sie kennt.',
    syncedTitle: 'Was abgeglichen wird und wozu',
    synced: [
      'Termine aus dem CRM werden in Ihren Kalender eingetragen, damit Sie sie dabeihaben.',
      'Was Sie daran bei Google ändern, kommt ins CRM zurück, damit es niemand zweimal eingibt.',
      'Ihre eigenen Termine erreichen das CRM, damit es weiß, wann Sie frei sind.',
      'Von einem privaten Termin erfährt das CRM nur, dass Sie belegt sind: keinen Titel, keinen Text.',
    ],
    notSyncedTitle: 'Was nicht abgeglichen wird',
    notSynced: [
      'E-Mails, Dateien und alles andere in Ihrem Konto bleiben unerreichbar.',
      'Kalender, die jemand anderem gehören, werden nicht gelesen.',
      'Niemand bekommt durch den Abgleich eine Einladung oder Nachricht per E-Mail.',
      'Ihre eigenen Termine bleiben, wie sie sind, solange Sie sie nicht im CRM ändern.',
    ],
    dedicated: {
      synced: [
        'Termine aus dem CRM werden in einen eigenen Kalender eingetragen, damit Sie sie dabeihaben.',
        'Was Sie dort ändern oder eintragen, kommt ins CRM zurück, damit es niemand zweimal eingibt.',
        'Das CRM erfährt, wann Sie belegt sind, nicht womit.',
      ],
      notSynced: [
        'Ihre anderen Kalender bleiben unerreichbar: Darin wird nichts gelesen oder geändert.',
        'Auch E-Mails, Dateien und alles andere in Ihrem Konto bleiben unerreichbar.',
        'Niemand bekommt durch den Abgleich eine Einladung oder Nachricht per E-Mail.',
      ],
    },
    contacts: {
      synced: [
        'Ansprechpartner aus dem CRM stehen mit dem Label „CRM“ in Ihren Kontakten. Was Sie daran ändern, kommt ins CRM zurück.',
        'Ein Kontakt, dem Sie dieses Label geben, kommt ins CRM. Nehmen Sie das Label weg, gehört er wieder Ihnen allein.',
      ],
      notSynced: [
        'Google erlaubt alle Kontakte oder keine. Die ohne Label werden übergangen: Von ihnen wird nichts behalten, und nichts erreicht das CRM.',
      ],
    },
    tasks: {
      synced: [
        'Aufgaben aus dem CRM stehen in einer Aufgabenliste „CRM“. Was Sie dort ändern, erledigen oder eintragen, kommt ins CRM zurück.',
      ],
      notSynced: ['Ihre anderen Aufgabenlisten werden nicht gelesen.'],
    },
    permissionsTitle: 'Worum Google Sie bitten wird',
    permissionsLead:
      'Sie können ein Kästchen leer lassen. Was davon abhängt, bleibt dann aus, alles andere funktioniert.',
    leavingTitle: 'Sie können jederzeit trennen',
    leaving:
      'Nach dem Verbinden finden Sie auf dieser Seite „Trennen“. Die Erlaubnis wird verschlüsselt aufbewahrt, und nur der Abgleich kann sie benutzen.',
  },
  permissions: {
    appointments: {
      name: 'Termine',
      why: 'Termine in Ihren eigenen Kalendern sehen und bearbeiten.',
      off: 'Aus Ihrem Kalender wird nichts abgeglichen.',
    },
    ownCalendar: {
      name: 'Ein Kalender für das CRM',
      why: 'Einen Kalender anlegen und die Termine darin sehen und bearbeiten. Ihre anderen Kalender bleiben unerreichbar.',
      off: 'Es werden keine Termine abgeglichen.',
    },
    freeBusy: {
      name: 'Freie und belegte Zeiten',
      why: 'Sehen, wann Sie belegt sind, ohne womit.',
      off: 'Das CRM sieht belegte Zeiten nur aus Terminen, die es lesen darf.',
    },
    contacts: {
      name: 'Kontakte',
      why: 'Kontakte mit dem Label „CRM“ sehen und bearbeiten.',
      off: 'Es werden keine Kontakte abgeglichen.',
    },
    tasks: {
      name: 'Aufgaben',
      why: 'Aufgaben in der Liste „CRM“ sehen und bearbeiten.',
      off: 'Es werden keine Aufgaben abgeglichen.',
    },
  },
  status: {
    views: {
      firstSync: {
        title: 'Verbunden. Der erste Abgleich läuft',
        text: 'Beide Seiten werden zusammengeführt. Sie können diese Seite schließen, es geht von selbst weiter.',
      },
      active: {
        title: 'Verbunden',
        text: 'CRM und Google werden gleich gehalten. Es ist nichts weiter zu tun.',
      },
      reauthorize: {
        title: 'Google bittet Sie, neu zu verbinden',
        text: 'Google nimmt die Erlaubnis nicht mehr an, etwa weil sie im Google-Konto entzogen wurde. Es ist nichts verloren: Nach dem Verbinden wird alles nachgeholt.',
      },
      held: {
        title: 'Ein Teil des Abgleichs ist angehalten',
        text: 'Ungewöhnlich viele Einträge sind auf einmal verschwunden. Damit kein Versehen weitergegeben wird, sollte zuerst Ihre CRM-Administration nachsehen. Der Rest läuft weiter, und bis dahin geht nichts verloren.',
      },
      paused: {
        title: 'Der Abgleich ist angehalten',
        text: 'Auf beiden Seiten wird nichts geändert. Ihre CRM-Administration kann ihn weiterlaufen lassen; bis dahin geht nichts verloren.',
      },
      disabled: {
        title: 'Im CRM abgeschaltet',
        text: 'Das CRM hat den Abgleich für Sie abgeschaltet. Ihre CRM-Administration kann ihn wieder einschalten; bis dahin geht nichts verloren.',
      },
      disconnecting: {
        title: 'Die Verbindung wird getrennt',
        text: 'Der Abgleich wird abgeschlossen, dann wird die Erlaubnis an Google zurückgegeben. Das dauert einen Augenblick; Sie können diese Seite schließen.',
      },
      disconnected: {
        title: 'Getrennt',
        text: 'Die Erlaubnis wurde an Google zurückgegeben und hier gelöscht. Sie können sich jederzeit neu verbinden.',
      },
    },
    scopesChanged:
      'Ihre Administratorin oder Ihr Administrator hat geändert, wo die Termine liegen, und Google braucht dafür einmal Ihre Zustimmung.',
    held: 'Angehalten:',
    types: { appointment: 'Termine', contact: 'Kontakte', task: 'Aufgaben' },
    progress: 'Erster Abgleich läuft',
    progressCount: 'Einträge bisher:',
    accountTitle: 'Konto',
    crmUser: 'Im CRM',
    googleAccount: 'Bei Google',
    connectedAt: 'Verbunden seit',
    lastSync: 'Zuletzt abgeglichen',
    never: 'noch nicht',
    permissionsTitle: 'Was eingeschaltet ist',
    on: 'Ein',
    off: 'Aus',
    offHint: 'Zum Einschalten verbinden Sie sich neu und setzen bei Google das Häkchen.',
    connectAgain: 'Neu verbinden',
    signOut: 'Von dieser Seite abmelden',
  },
  disconnect: {
    title: 'Trennen',
    text: 'Der Abgleich endet, und seine Erlaubnis wird an Google zurückgegeben. Im CRM ändert sich nichts.',
    choice: 'Was soll mit den Einträgen bei Google geschehen?',
    keep: 'Stehen lassen',
    keepHint: 'In Ihrem Kalender bleibt alles, wie es jetzt ist.',
    remove: 'Entfernen, was der Abgleich angelegt hat',
    removeHint: 'Einträge aus dem CRM verschwinden. Ihre eigenen bleiben.',
    button: 'Trennen',
    again: 'Dauert es lange? Noch einmal anstoßen',
  },
  messages: {
    expired: () => ({
      title: 'Diese Anmeldung gilt nicht mehr',
      body: [
        'Sie wurde schon benutzt, hat länger als zehn Minuten gedauert oder in einem anderen Browser begonnen. Es wurde nichts geändert.',
      ],
    }),
    denied: () => ({
      title: 'Nicht verbunden',
      body: [
        'Sie haben die Erlaubnis nicht gegeben. Es wurde nichts verbunden, und nichts wird abgeglichen.',
        'Wenn Sie es sich anders überlegen, beginnen Sie einfach neu.',
      ],
    }),
    refusedByGoogle: () => ({
      title: 'Google hat die Verbindung nicht zugelassen',
      body: [
        'Das ist meist eine Einstellung Ihrer Organisation: Wer Ihre Google-Konten verwaltet, muss diese App zulassen.',
      ],
    }),
    identity: () => ({
      title: 'Ihr Google-Konto ließ sich nicht bestätigen',
      body: [
        'Die Antwort zu Ihrer Identität hat die Prüfung nicht bestanden; es wurde nichts verbunden. Bitte beginnen Sie neu. Wenn es noch einmal geschieht, sagen Sie Ihrer CRM-Administration Bescheid.',
      ],
    }),
    unverified: (account) => ({
      title: 'Diese Adresse ist bei Google nicht bestätigt',
      body: [
        `Sie haben das Konto ${account} benutzt. Google kann nicht bestätigen, dass die Adresse heute Ihnen gehört; es wurde nichts verbunden.`,
        'Wählen Sie das Konto, das Ihre Organisation Ihnen gegeben hat, oder bestätigen Sie die Adresse in Ihrem Google-Konto.',
      ],
    }),
    unknownUser: (account) => ({
      title: 'Das CRM kennt dieses Konto nicht',
      body: [
        `Sie haben das Konto ${account} benutzt. Niemand im CRM hat diese Adresse; es wurde nichts verbunden und die Erlaubnis zurückgegeben.`,
        'Haben Sie mehrere Google-Konten, beginnen Sie neu und wählen Sie das mit Ihrer Adresse im CRM. Ist es das richtige, bitten Sie Ihre CRM-Administration, die Adresse bei Ihnen einzutragen.',
      ],
    }),
    disabledUser: (account) => ({
      title: 'Im CRM abgeschaltet',
      body: [
        `Sie haben das Konto ${account} benutzt. Das CRM hat den Abgleich für diese Person abgeschaltet; es wurde nichts verbunden.`,
        'Ihre CRM-Administration kann ihn einschalten.',
      ],
    }),
    otherAccount: (account) => ({
      title: 'Es ist schon ein anderes Google-Konto verbunden',
      body: [
        `Sie haben das Konto ${account} benutzt. Es ist nicht das Google-Konto, das für diese Person im CRM zuerst verbunden wurde, auch wenn die Adresse gleich ist. Damit keine Einträge durcheinandergeraten, wurde nichts geändert.`,
        'Meinten Sie das erste Konto, beginnen Sie neu und wählen Sie jenes: Dann bleibt alles, wie es ist.',
        'Ersetzt das neue Konto das erste, ziehen Sie um: Ihre Einträge aus dem CRM werden dann in den Kalender des neuen Kontos geschrieben, an das erste geht nichts mehr. Was dort im Kalender steht, bleibt dort. Die Berechtigung des ersten Kontos können Sie in dessen Google-Einstellungen entziehen.',
      ],
    }),
    signedOut: () => ({
      title: 'Bitte verbinden Sie sich zuerst',
      body: [
        'Dieser Browser ist nicht angemeldet, oder die zwölf Stunden der Anmeldung sind um. Verbinden Sie sich mit Google, um den Stand Ihres Abgleichs zu sehen; was verbunden ist, bleibt verbunden.',
      ],
    }),
    foreignForm: () => ({
      title: 'Diese Anfrage kam nicht von dieser Seite',
      body: [
        'Zu Ihrer Sicherheit wurde nichts getan. Bitte öffnen Sie die Seite und benutzen Sie ihre Schaltflächen.',
      ],
    }),
    badForm: () => ({
      title: 'Dieses Formular gilt nicht mehr',
      body: [
        'Es wurde nichts geändert. Bitte öffnen Sie die Seite neu und wiederholen Sie Ihre Wahl.',
      ],
    }),
    notFound: () => ({
      title: 'Diese Seite gibt es nicht',
      body: ['Vielleicht ist die Adresse vertippt.'],
    }),
    wrongMethod: () => ({
      title: 'Diese Adresse lässt sich so nicht öffnen',
      body: ['Bitte benutzen Sie die Schaltflächen der Seite.'],
    }),
    later: () => ({
      title: 'Das ist gerade nicht möglich',
      body: [
        'Ein benötigter Dienst antwortet nicht. Bitte versuchen Sie es in einer Minute noch einmal.',
      ],
    }),
    failed: () => ({
      title: 'Etwas ist schiefgegangen',
      body: [
        'Das liegt an uns, nicht an Ihnen, und ist vermerkt. Bitte versuchen Sie es noch einmal; wenn es wieder geschieht, sagen Sie Ihrer CRM-Administration Bescheid.',
      ],
    }),
  },
  actions: {
    connect: 'Neu beginnen',
    home: 'Zur Startseite',
    replace: 'In das neue Konto umziehen',
  },
};

/** The words by language. */
export const texts: { [L in Language]: Texts } = { en, de };
